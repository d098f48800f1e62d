/** HTML text whose every value is escaped, unless it is HTML itself. */

/** Markup that goes into a page as it is: `html` makes it, and nobody makes it from a name. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type HtmlValue = string | number | Html | HtmlValue[];

/** Tag for template literals: strings and numbers are escaped, `Html` is kept, lists are joined. */
export function html(literals: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(String.raw({ raw: literals }, ...values.map(markup)));
}

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function markup(value: HtmlValue): string {
  if (Array.isArray(value)) return value.map(markup).join('');
  return value instanceof Html ? value.toString() : escapeHtml(String(value));
}
