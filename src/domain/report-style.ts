/** How the report page looks: light and dark, on a phone, on paper. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2430; --soft: #5d6b7c; --line: #dfe4ea; --fill: #f5f7f9;
  --good: #17803d; --bad: #c22b2b; --warn: #9a6700; --busy: #1f6feb; --idle: #6e7781;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e4e9ef; --soft: #97a4b3; --line: #2c343d; --fill: #1b2127;
    --good: #4cc274; --bad: #ff7b72; --warn: #e0b04a; --busy: #6ab0ff; --idle: #97a4b3;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 72rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 0.25rem 0 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 0.75rem; font-size: 1.15rem; }
p { margin: 0.35rem 0; }
.soft { color: var(--soft); }
code, .code { font: 0.88em/1.45 ui-monospace, 'SF Mono', Consolas, 'DejaVu Sans Mono', monospace; }
.badge {
  display: inline-block; padding: 0.05rem 0.6rem; border-radius: 1rem; border: 1px solid currentcolor;
  font-size: 0.8rem; font-weight: 600; white-space: nowrap;
}
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.busy { color: var(--busy); } .idle { color: var(--idle); }
dl { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1.5rem 0; }
dl div {
  flex: 1 1 7.5rem; padding: 0.7rem 0.9rem; border: 1px solid var(--line); border-radius: 0.6rem;
  background: var(--fill);
}
dt { color: var(--soft); font-size: 0.8rem; }
dd { margin: 0; font-size: 1.25rem; font-weight: 600; }
.note {
  margin: 0.75rem 0; padding: 0.6rem 0.9rem; border-left: 4px solid var(--bad); background: var(--fill);
  border-radius: 0 0.5rem 0.5rem 0; white-space: pre-wrap;
}
.note.warning { border-color: var(--warn); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: 0.5rem 0.6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-size: 0.8rem; font-weight: 600; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.name { min-width: 9rem; max-width: 20rem; overflow-wrap: anywhere; }
.name a { color: inherit; font-weight: 600; }
.span { min-width: 12rem; width: 30%; }
.track { position: relative; height: 0.9rem; margin-top: 0.3rem; background: var(--fill); border-radius: 0.2rem; }
.bar { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 0.2rem; background: currentcolor; }
.wait { position: absolute; top: 40%; bottom: 40%; background: currentcolor; opacity: 0.35; }
article { margin: 1rem 0; padding: 0.9rem 1.1rem; border: 1px solid var(--line); border-radius: 0.6rem; }
article h3 { margin: 0 0 0.4rem; font-size: 1rem; }
article table { margin-top: 0.5rem; }
ul { margin: 0.4rem 0; padding-left: 1.2rem; }
pre {
  margin: 0.5rem 0; padding: 0.7rem; background: var(--fill); border-radius: 0.4rem; overflow-x: auto;
  white-space: pre-wrap;
}
@media print { body { max-width: none; padding: 0; } article { break-inside: avoid; } }
`;
