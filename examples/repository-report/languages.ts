/** Which language a file is written in, by its name alone. */
import path from 'node:path';

const EXTENSIONS: Record<string, string> = {
  C: 'c h',
  'C#': 'cs',
  'C++': 'cc cpp cxx hh hpp hxx',
  Clojure: 'clj cljs cljc edn',
  CSS: 'css scss sass less',
  CSV: 'csv tsv',
  Dart: 'dart',
  Elixir: 'ex exs',
  Erlang: 'erl hrl',
  Go: 'go',
  GraphQL: 'graphql gql',
  Haskell: 'hs lhs',
  HTML: 'html htm',
  Java: 'java',
  JavaScript: 'js mjs cjs jsx',
  JSON: 'json jsonc json5 jsonl',
  Julia: 'jl',
  Kotlin: 'kt kts',
  Lua: 'lua',
  Markdown: 'md markdown mdx',
  'Objective-C': 'm mm',
  OCaml: 'ml mli',
  Perl: 'pl pm',
  PHP: 'php',
  'Protocol Buffers': 'proto',
  Python: 'py pyi pyx',
  R: 'r rmd',
  reStructuredText: 'rst',
  Ruby: 'rb rake gemspec',
  Rust: 'rs',
  Scala: 'scala sbt',
  Shell: 'sh bash zsh fish bats',
  SQL: 'sql',
  SVG: 'svg',
  Svelte: 'svelte',
  Swift: 'swift',
  Terraform: 'tf tfvars',
  Text: 'txt',
  TOML: 'toml',
  TypeScript: 'ts mts cts tsx',
  Vue: 'vue',
  XML: 'xml xsd xsl plist',
  YAML: 'yaml yml',
  Zig: 'zig',
};

const FILE_NAMES: Record<string, string> = {
  CMake: 'cmakelists.txt',
  Docker: 'dockerfile containerfile',
  Make: 'makefile gnumakefile',
  Ruby: 'gemfile rakefile',
  // Written by a program, and long: among JSON or YAML they would hide what people wrote.
  'Lock files':
    'package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock cargo.lock composer.lock gemfile.lock poetry.lock uv.lock pipfile.lock go.sum flake.lock',
};

const byExtension = inverted(EXTENSIONS);
const byFileName = inverted(FILE_NAMES);

/** Language of the file, or `Other`. */
export function languageOf(file: string): string {
  const name = path.posix.basename(file).toLowerCase();
  return byFileName.get(name) ?? byExtension.get(path.posix.extname(name).slice(1)) ?? 'Other';
}

/** Whether the file is Markdown whose links can be read; MDX is code as well. */
export function isMarkdown(file: string): boolean {
  return /\.(md|markdown)$/i.test(file);
}

function inverted(table: Record<string, string>): Map<string, string> {
  return new Map(
    Object.entries(table).flatMap(([language, keys]) =>
      keys.split(' ').map((key) => [key, language] as const),
    ),
  );
}
