/**
 * A real browser for the tests of the page: headless Chromium, controlled by the Chrome DevTools Protocol over its WebSocket.
 *
 * @module
 */
import type { Found } from "./clients.ts";

/** Names under which Chromium is installed. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const START_LIMIT_MS = 60_000;
/** How long a test waits for a page, milliseconds. */
const WAIT_MS = 10_000;
/** How long for an answer of the browser: it sometimes gives none. */
const ANSWER_LIMIT_MS = 30_000;
/** How long it may take to end by itself. */
const END_LIMIT_MS = 5000;
const ENDED = "The browser has ended";

// deno-lint-ignore no-explicit-any -- what the protocol says, each message its own
type Message = any;

/** The path of a Chromium, or why there is none. */
export async function findChromium(): Promise<Found<string>> {
  for (const name of NAMES) {
    try {
      const { success } = await new Deno.Command(name, {
        args: ["--version"],
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return { client: name };
    } catch {
      // It is not installed under this name.
    }
  }
  return { missing: "Chromium (Debian's package chromium) is not installed" };
}

/** A browser of its own for a test. `await using` ends it. */
export class Browser {
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Message>>();
  readonly #stderr: ReadableStreamDefaultReader<Uint8Array>;
  readonly #pages = new Map<string, Page>();
  #nextId = 1;

  static async start(executable: string): Promise<Browser> {
    const folder = await Deno.makeTempDir({ prefix: "flux-browser-" });
    const child = new Deno.Command(executable, {
      args: [
        ...["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"],
        ...["--no-first-run", "--disable-background-networking", "--disable-component-update"],
        ...["--hide-scrollbars", `--user-data-dir=${folder}`, "about:blank"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const reader = child.stderr.getReader();
    const socket = new WebSocket(await endpointOf(child, reader));
    drop(reader).catch(() => {});
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new Browser(child, reader, folder, socket);
  }

  private constructor(
    child: Deno.ChildProcess,
    stderr: ReadableStreamDefaultReader<Uint8Array>,
    folder: string,
    socket: WebSocket,
  ) {
    this.#child = child;
    this.#stderr = stderr;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(ENDED));
    };
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Opens a page in a context of its own, without other pages' cookies. */
  async open(
    url: string,
    size: { width: number; height: number; isDark?: boolean },
  ): Promise<Page> {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", {
      url: "about:blank",
      browserContextId,
    });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.#pages.set(sessionId, page);
    await page.begin(size);
    await page.go(url);
    return page;
  }

  /** Sends a command of the protocol and returns its answer. */
  async send(method: string, params: object = {}, sessionId?: string): Promise<Message> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new Error(ENDED);
    const id = this.#nextId++;
    const answer = Promise.withResolvers<Message>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const late = setTimeout(
      () => answer.reject(new Error(`The browser does not answer ${method}`)),
      ANSWER_LIMIT_MS,
    );
    try {
      return await answer.promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isOpen = this.#socket.readyState === WebSocket.OPEN;
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve));
    if (isOpen) this.#socket.send(JSON.stringify({ id: this.#nextId++, method: "Browser.close" }));
    const late = setTimeout(() => this.#child.kill("SIGKILL"), END_LIMIT_MS);
    await this.#child.status;
    clearTimeout(late);
    if (isOpen) await closed;
    // Its own processes may have the pipe open for longer.
    await this.#stderr.cancel();
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  #receive({ id, result, error, method, params, sessionId }: Message): void {
    if (id === undefined) return this.#pages.get(sessionId)?.hear(method, params);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error !== undefined) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }
}

/** One page, with its errors and requests. */
export class Page {
  readonly #browser: Browser;
  readonly #sessionId: string;
  /** Errors of the console, exceptions, and failed requests. */
  readonly errors: string[] = [];
  /** The URLs of all requests. */
  readonly requests: string[] = [];
  /** The answer to dialogs. */
  dialogAnswer = true;

  constructor(browser: Browser, sessionId: string) {
    this.#browser = browser;
    this.#sessionId = sessionId;
  }

  async begin(
    { width, height, isDark = false }: { width: number; height: number; isDark?: boolean },
  ): Promise<void> {
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await this.send(`${domain}.enable`);
    await this.resize(width, height);
    await this.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }],
    });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 500,
    });
  }

  async go(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
    await this.until("document.readyState === 'complete'");
  }

  /** Evaluates an expression in the page. */
  async evaluate(expression: string): Promise<Message> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) {
      const { exception, text } = exceptionDetails;
      throw new Error(`${expression}: ${exception?.description ?? text}`);
    }
    return result.value;
  }

  /** Waits until an expression is true; returns its value. */
  async until(expression: string): Promise<Message> {
    const deadlineMs = performance.now() + WAIT_MS;
    while (performance.now() < deadlineMs) {
      try {
        const value = await this.evaluate(expression);
        if (value) return value;
      } catch (error) {
        // A navigation destroys the previous context.
        if (!/context|navigated/i.test(String(error))) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const text = await this.evaluate("document.body.innerText");
    throw new Error(`Not within ${WAIT_MS} ms: ${expression}\n${text}\n${this.errors.join("\n")}`);
  }

  /** Waits until the page shows a text. */
  async untilText(text: string): Promise<void> {
    await this.until(`document.body.innerText.includes(${JSON.stringify(text)})`);
  }

  /** Clicks with the mouse on the control with this text, or on the element of a selector. */
  async click(what: string): Promise<void> {
    const find = elementOf(what);
    await this.until(`!!${find}`);
    const { x, y } = await this.evaluate(`(() => {
      const element = ${find};
      element.scrollIntoView({ block: "center", inline: "center" });
      const { left, top, width, height } = element.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    })()`);
    const at = { x, y, button: "left", clickCount: 1 };
    await this.send("Input.dispatchMouseEvent", { type: "mousePressed", ...at });
    await this.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...at });
  }

  /** Types into the field with this label, placeholder or selector; replaces its content. */
  async type(what: string, text: string): Promise<void> {
    const find = elementOf(what);
    await this.until(`!!${find}`);
    await this.evaluate(`(() => { const field = ${find}; field.focus(); field.select?.(); })()`);
    await this.send("Input.insertText", { text });
  }

  /** Presses a key. */
  async press(key: string): Promise<void> {
    const codes: Readonly<Record<string, number>> = {
      Enter: 13,
      ArrowDown: 40,
      ArrowUp: 38,
      ArrowRight: 39,
      ArrowLeft: 37,
      Tab: 9,
    };
    const event = {
      key,
      code: key,
      windowsVirtualKeyCode: codes[key] ?? 0,
      ...key === "Enter" ? { text: "\r" } : {},
    };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** Saves a screenshot of the page. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    await Deno.writeFile(path, Uint8Array.fromBase64(data));
  }

  send(method: string, params: object = {}): Promise<Message> {
    return this.#browser.send(method, params, this.#sessionId);
  }

  /** Handles an event of the protocol. */
  hear(method: string, params: Message): void {
    switch (method) {
      case "Network.requestWillBeSent":
        this.requests.push(params.request.url);
        return;
      case "Network.webSocketCreated":
        this.requests.push(params.url);
        return;
      case "Runtime.exceptionThrown":
        this.errors.push(
          params.exceptionDetails.exception?.description ?? params.exceptionDetails.text,
        );
        return;
      case "Runtime.consoleAPICalled":
        if (params.type === "error" || params.type === "warning") {
          this.errors.push(
            params.args.map(({ value, description }: Message) => value ?? description).join(" "),
          );
        }
        return;
      case "Log.entryAdded":
        if (params.entry.level === "error") {
          this.errors.push(`${params.entry.text} ${params.entry.url ?? ""}`);
        }
        return;
      case "Page.javascriptDialogOpening":
        this.send("Page.handleJavaScriptDialog", { accept: this.dialogAnswer });
    }
  }
}

/** An expression for an element: a selector after `css `, or else a control by its text or label. */
function elementOf(what: string): string {
  if (what.startsWith("css ")) return `document.querySelector(${JSON.stringify(what.slice(4))})`;
  const name = JSON.stringify(what);
  return `(() => {
    const controls = [...document.querySelectorAll("a, button, input, select, textarea, summary, [role=treeitem]")].filter((element) => element.offsetParent !== null);
    const texts = (element) => [
      element.getAttribute("aria-label"), element.placeholder, element.textContent?.trim(),
      element.closest("label")?.querySelector("span")?.textContent, element.closest("label.check")?.textContent?.trim(),
      element.querySelector?.(".label")?.textContent,
    ];
    return controls.find((element) => texts(element).includes(${name}));
  })()`;
}

/** Reads where the browser listens from what it says. */
async function endpointOf(
  child: Deno.ChildProcess,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<string> {
  let said = "";
  const decoder = new TextDecoder();
  const timer = setTimeout(() => {
    child.kill("SIGKILL");
    // Its own processes may have the pipe open for longer.
    reader.cancel();
  }, START_LIMIT_MS);
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      said += decoder.decode(part.value, { stream: true });
      const endpoint = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (endpoint !== undefined) return endpoint;
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`Chromium does not start:\n${said}`);
}

/** Reads on, so that the browser can go on writing, until the reader is cancelled. */
async function drop(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}
