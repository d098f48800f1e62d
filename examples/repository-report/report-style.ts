/** How the HTML report looks. */
import { Html } from './html.js';

export const style = new Html(`
:root { color-scheme: light dark; --page: #fbfbfa; --card: #fff; --text: #1f2328; --soft: #59636e;
  --line: #d9dee3; --track: #edf0f2; --bar: #2f6f8f; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1c2024; --text: #e6e8ea;
  --soft: #9aa4ad; --line: #343a40; --track: #2a3036; --bar: #5fa8c8; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 0 0 .5rem; font-size: 1.15rem; }
p, summary, li div { color: var(--soft); font-size: .9rem; }
p { margin: .5rem 0 0; }
dl, section { margin: 1.25rem 0 0; padding: 1.25rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; }
dl { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.4rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.bad { color: var(--bad); }
svg { display: block; font-size: 13px; }
svg .label { fill: var(--text); }
svg .value { fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .track { fill: var(--track); }
svg .bar { fill: var(--bar); }
svg .narrow { display: none; }
details { margin-top: .5rem; }
summary { cursor: pointer; }
ul { margin: .75rem 0 0; padding: 0; list-style: none; }
li { padding: .5rem 0; border-top: 1px solid var(--line); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 500; }
td:first-child { min-width: 6rem; }
tr:last-child td { border-bottom: 0; }
.number { padding-left: 1rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) {
  dl, section { padding: 1rem; }
  table { font-size: .8rem; }
  .number { padding-left: .6rem; }
  svg .narrow { display: inline; }
  svg .wide { display: none; }
}
`);
