import { request as send } from "node:http";

export type Answer = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
  /** Where it was asked for, path and query. */
  path: string;
};

export type Sending = { headers?: Record<string, string>; body?: string };

/** The little of a browser that pages without scripts need: a cookie jar, forms, redirects. */
export type Browser = {
  readonly cookies: Map<string, string>;
  send(method: string, path: string, sending?: Sending): Promise<Answer>;
  /** Follows redirects, as long as they stay on this host. */
  open(path: string): Promise<Answer>;
  /**
   * Sends the form of a page that has this action, hidden fields included. `pick` chooses among forms of one action by a
   * piece of their text. Does not follow the redirect of the answer.
   */
  submit(page: Answer, action: string, fields?: Record<string, string | string[]>, pick?: string): Promise<Answer>;
};

/** `base`: scheme, host and port. */
export function createBrowser(base: string): Browser {
  const cookies = new Map<string, string>();
  const browser: Browser = {
    cookies,
    send(method, path, { headers = {}, body } = {}) {
      const jar = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const all = { ...(jar === "" ? {} : { cookie: jar }), ...headers };
      return new Promise<Answer>((resolve, reject) => {
        const outgoing = send(new URL(path, base), { method, headers: all, agent: false }, (incoming) => {
          let text = "";
          incoming.setEncoding("utf8");
          incoming.on("data", (part: string) => (text += part));
          incoming.on("error", reject);
          incoming.on("end", () => {
            for (const line of incoming.headers["set-cookie"] ?? []) keep(cookies, line);
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, path });
          });
        });
        outgoing.on("error", reject);
        outgoing.end(body);
      });
    },
    async open(path) {
      let answer = await browser.send("GET", path);
      for (let hops = 0; hops < 5 && answer.headers.location !== undefined; hops++) {
        const target = new URL(String(answer.headers.location), new URL(answer.path, base));
        if (target.origin !== new URL(base).origin) break;
        answer = await browser.send("GET", target.pathname + target.search);
      }
      return answer;
    },
    submit(page, action, fields = {}, pick = "") {
      const form = formIn(page.text, action, pick);
      for (const [name, value] of Object.entries(fields)) {
        form.delete(name);
        for (const one of typeof value === "string" ? [value] : value) form.append(name, one);
      }
      const headers = {
        "content-type": "application/x-www-form-urlencoded",
        origin: base,
        "sec-fetch-site": "same-origin",
      };
      return browser.send("POST", action, { headers, body: form.toString() });
    },
  };
  return browser;
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = "", ...attributes] = line.split(";");
  const equals = pair.indexOf("=");
  const gone = attributes.some((one) => one.trim().toLowerCase() === "max-age=0");
  if (gone) cookies.delete(pair.slice(0, equals));
  else cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
}

/** The hidden fields of a form; the visible ones are for the test to fill. */
function formIn(page: string, action: string, pick: string): URLSearchParams {
  const forms = [...page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)];
  const form = forms.find(
    ([, head = "", body = ""]) => attribute(head, "action") === action && (head + body).includes(pick),
  );
  if (!form) throw new Error(`the page has no form for ${action}${pick === "" ? "" : ` with ${pick}`}`);
  const fields = new URLSearchParams();
  for (const [tag] of (form[2] ?? "").matchAll(/<input\b[^>]*>/g)) {
    if (attribute(tag, "type") === "hidden") fields.append(attribute(tag, "name"), attribute(tag, "value"));
  }
  return fields;
}

function attribute(tag: string, name: string): string {
  return unescapeHtml(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
}

/** Undoes the five escapes the pages use. */
export function unescapeHtml(text: string): string {
  const characters: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (name) => characters[name] ?? name);
}
