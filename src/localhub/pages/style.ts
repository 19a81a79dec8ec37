import { createHash } from "node:crypto";

/** The whole look, light and dark. Every pair of text and ground has a contrast of at least 4.5, borders of fields 3. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#fff;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--field:#6e7781;
--link:#0b57d0;--strong:#0b57d0;--on-strong:#fff;--good:#116329;--good-ground:#e6f6ea;--bad:#a40e26;--bad-ground:#ffebe9;
--wait:#7a4d00;--wait-ground:#fff4d6}
@media(prefers-color-scheme:dark){:root{--ground:#0f1419;--text:#e6edf3;--soft:#9da7b3;--line:#30363d;--card:#171d24;
--field:#7d8894;--link:#79b8ff;--strong:#79b8ff;--on-strong:#0b1016;--good:#7ee2a0;--good-ground:#12271a;--bad:#ff9d94;
--bad-ground:#31161a;--wait:#f2cc60;--wait-ground:#2b2410}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:56rem;margin:0 auto;padding:0 1rem}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:center;padding-block:.75rem;
border-bottom:1px solid var(--line)}
header nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:center;margin-left:auto}
header form{display:contents}
.brand{font-weight:700;color:var(--text);text-decoration:none}
main{padding-block:1.5rem 3rem}
footer{color:var(--soft);font-size:.875rem;border-top:1px solid var(--line);padding-block:1rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}
h2{font-size:1.2rem;line-height:1.3;margin:2rem 0 .75rem}
h3{font-size:1rem;margin:0 0 .5rem}
p,ul,dl{margin:0 0 .75rem}
a{color:var(--link);text-underline-offset:.15em}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--strong);outline-offset:2px;border-radius:2px}
main:focus{outline:none}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:.5rem;background:var(--ground);padding:.25rem .5rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.soft{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:0 0 1.25rem}
.card>:last-child,.note>:last-child{margin-bottom:0}
.card>h2:first-child{margin-top:0}
.note{border:1px solid;border-left-width:.35rem;border-radius:.5rem;padding:.75rem 1rem;margin:0 0 1.25rem}
.good{color:var(--good);background:var(--good-ground)}
.bad{color:var(--bad);background:var(--bad-ground)}
.wait{color:var(--wait);background:var(--wait-ground)}
.note a{color:inherit}
.marks{list-style:none;display:flex;flex-wrap:wrap;gap:.4rem;padding:0}
.marks li{display:flex;max-width:100%}
.mark{display:inline-block;border:1px solid var(--line);border-radius:1rem;padding:0 .6rem;font-size:.8125rem;
line-height:1.6;color:var(--soft)}
.rows{list-style:none;padding:0;border:1px solid var(--line);border-radius:.5rem}
.rows>li{padding:.6rem 1rem;display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:center}
.rows>li+li{border-top:1px solid var(--line)}
.rows .end{margin-left:auto}
.rows dl{display:grid;grid-template-columns:minmax(6rem,auto) 1fr;gap:0 1rem;width:100%;margin:.25rem 0;font-size:.9375rem}
.rows dt{color:var(--soft)}
.rows dd{margin:0}
.rows form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;align-self:end}
.rows form p{margin:0}
code,pre{font:.875rem/1.55 ui-monospace,monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:0 0 1.25rem;
white-space:pre-wrap}
.code code{font-size:1.75rem;font-weight:600;letter-spacing:.08em}
.answers{display:flex;flex-wrap:wrap;gap:.75rem}
.answers button{padding:.5rem 1rem}
.secret{display:block;font-size:1rem;font-weight:600;user-select:all;margin:.25rem 0 .75rem}
form.stack{display:grid;gap:1rem;max-width:32rem}
form.stack p{margin:0}
label,legend{font-weight:600}
label.choice{display:flex;gap:.6rem;align-items:flex-start;font-weight:400;margin:.35rem 0}
label.choice input{margin:.3rem 0 0;flex:none;width:1.1rem;height:1.1rem;accent-color:var(--strong)}
label.choice .hint{display:block}
.hint{color:var(--soft);font-size:.875rem;font-weight:400}
.wrong{color:var(--bad);font-size:.875rem}
input:not([type=radio],[type=checkbox]),select{display:block;width:100%;margin-top:.25rem;padding:.5rem .6rem;font:inherit;
color:inherit;background:var(--ground);border:1px solid var(--field);border-radius:.375rem}
[aria-invalid=true]{border-color:var(--bad)!important;outline-color:var(--bad)}
fieldset{border:1px solid var(--line);border-radius:.5rem;padding:.5rem 1rem .75rem;margin:0;min-width:0}
legend{padding:0 .35rem;margin-left:-.35rem}
button{font:inherit;font-weight:600;padding:.5rem 1rem;border:1px solid var(--strong);border-radius:.375rem;
background:var(--strong);color:var(--on-strong);cursor:pointer;justify-self:start}
button:hover{text-decoration:underline}
button.quiet{background:transparent;color:var(--link);border-color:var(--field);padding:.25rem .75rem}
button.danger{background:transparent;color:var(--bad);border-color:var(--bad);padding:.25rem .75rem}
form:has([name=role]):not(:has([value=fineGrained]:checked)) .fine{display:none}
@media(max-width:30rem){header nav{margin-left:0}.rows .end{margin-left:0}.rows dl{grid-template-columns:1fr}
.rows dd{margin-bottom:.35rem}}
@media print{header nav,footer{display:none}}
`;

/** What the content security policy lets through: this style and no other. */
export const STYLE_HASH = `sha256-${createHash("sha256").update(STYLE).digest("base64")}`;
