/** One program in each language: it says when it began and ended, and gives as many bytes as it is asked for. */
import { readFileSync } from 'node:fs';

/** What each of them gives, in milliseconds of its clock. */
export interface Answer {
  begun: number;
  ended: number;
  /** As many characters as were asked for. */
  pad: string;
}

/** Runs the program once, from nothing. */
export type Side = (bytes: number) => Promise<Answer>;

const NODE = `const begun = Date.now();
const fs = require('node:fs');
const { bytes } = JSON.parse(fs.readFileSync(process.env.TEMPOGRAPH_INPUT, 'utf8'));
const pad = 'x'.repeat(bytes);
fs.writeFileSync(process.env.TEMPOGRAPH_OUTPUT, JSON.stringify({ pad, begun, ended: Date.now() }));
`;

const PYTHON = `import time
begun = int(time.time() * 1000)
import json, os
given = json.load(open(os.environ['TEMPOGRAPH_INPUT'], encoding='utf-8'))
pad = 'x' * given['bytes']
with open(os.environ['TEMPOGRAPH_OUTPUT'], 'w', encoding='utf-8') as file:
    json.dump({'pad': pad, 'begun': begun, 'ended': int(time.time() * 1000)}, file)
`;

const JAVA = `import java.nio.file.*;

class Main {
  public static void main(String[] args) throws Exception {
    long begun = System.currentTimeMillis();
    String given = Files.readString(Path.of(System.getenv("TEMPOGRAPH_INPUT")));
    String pad = "x".repeat(Integer.parseInt(given.replaceAll("[^0-9]", "")));
    long ended = System.currentTimeMillis();
    String answer = "{\\"pad\\":\\"" + pad + "\\",\\"begun\\":" + begun + ",\\"ended\\":" + ended + "}";
    Files.writeString(Path.of(System.getenv("TEMPOGRAPH_OUTPUT")), answer);
  }
}
`;

const DENO = `const begun = Date.now();
const { bytes } = JSON.parse(Deno.readTextFileSync(Deno.env.get('TEMPOGRAPH_INPUT')));
const pad = 'x'.repeat(bytes);
const answer = JSON.stringify({ pad, begun, ended: Date.now() });
Deno.writeTextFileSync(Deno.env.get('TEMPOGRAPH_OUTPUT'), answer);
`;

const shell = (clock: string): string => `begun=$(${clock})
bytes=$(tr -cd 0-9 < "$TEMPOGRAPH_INPUT")
{
  printf '{"pad":"'
  head -c "$bytes" /dev/zero | tr '\\0' x
  printf '","begun":%s,"ended":%s}' "$begun" "$(${clock})"
} > "$TEMPOGRAPH_OUTPUT"
`;

export const CODE = { node: NODE, python: PYTHON, java: JAVA, javascript: DENO } as const;
export const SHELL = shell('date +%s%3N');
/** Its `date` knows seconds only; what the kernel says is in hundredths of a second since it started. */
export const BUSYBOX_SHELL = shell(`sed 's/ .*//; s/\\.//; s/$/0/' /proc/uptime`);

/** The clock of {@link BUSYBOX_SHELL}. */
export const uptimeMs = (): number =>
  Math.round(Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1_000);
