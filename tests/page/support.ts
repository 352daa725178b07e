import { MqttClient } from "../../lib/client/mod.ts";
import type { SubscriptionRequest } from "../../lib/codec/mod.ts";
import { HttpBroker, type HttpInit } from "../http/support.ts";
import { Browser, findChromium, type Page } from "../support/browser.ts";
import { testsWith } from "../support/clients.ts";

/** Where a person can look at what the page looked like; CI keeps nothing of it. */
const SHOTS = new URL("../../dist/page/", import.meta.url);

/** A test with a real browser: ignored, and the reason printed, where there is none. */
export const pageTest = testsWith(await findChromium());

/** The sizes in which the page is looked at. */
export const SIZES = {
  wide: { width: 1280, height: 800 },
  dark: { width: 1280, height: 800, isDark: true },
  narrow: { width: 360, height: 740 },
  huge: { width: 3840, height: 2160 },
} as const;

/** A broker with its page in a browser. `await using` ends all. */
export class PageTest {
  readonly broker: HttpBroker;
  readonly browser: Browser;
  readonly #clients: MqttClient[] = [];

  static async start(chromium: string, init: HttpInit = {}): Promise<PageTest> {
    const broker = await HttpBroker.start(init);
    try {
      return new PageTest(broker, await Browser.start(chromium));
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(broker: HttpBroker, browser: Browser) {
    this.broker = broker;
    this.browser = browser;
  }

  /** Opens the page at a view. */
  open(view = "", size: keyof typeof SIZES = "wide"): Promise<Page> {
    return this.browser.open(`${this.broker.url}/#/${view}`, SIZES[size]);
  }

  async connect(clientId: string, init: object = {}): Promise<MqttClient> {
    const client = await MqttClient.connect({
      hostname: "127.0.0.1",
      port: this.broker.mqttPort,
      clientId,
      ...init,
    });
    this.#clients.push(client);
    return client;
  }

  /** Clients, subscriptions and retained messages, so that every view has something to show. */
  async fill(): Promise<MqttClient> {
    const pump = await this.connect("pump-7", { userName: "plant" });
    await pump.subscribe([filter("plant/#", 1), filter("cmd/pump-7", 2)]);
    for (let i = 0; i < 20; i++) await this.connect(`meter-${i}`);
    const away = await MqttClient.connect({
      hostname: "127.0.0.1",
      port: this.broker.mqttPort,
      clientId: "archive",
      properties: { sessionExpiryInterval: 3600 },
    });
    await away.subscribe([filter("plant/#", 1)]);
    await away.disconnect();
    const text = (value: string) => new TextEncoder().encode(value);
    const status = JSON.stringify({ ok: true, load: { cpu: 0.4 }, names: ["a", "b"] });
    await pump.publish("home/status", text(status), { qos: 1, retain: true });
    for (let i = 0; i < 12; i++) {
      await pump.publish(`home/room-${i}/temperature`, text(`${18 + i}`), { qos: 1, retain: true });
    }
    this.broker.tail.add(Date.now(), "warning", "Message dropped", { clientId: "archive" });
    return pump;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.abort();
    await this.browser[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
  }
}

/** Writes a picture for people. */
export async function picture(page: Page, name: string): Promise<void> {
  await Deno.mkdir(SHOTS, { recursive: true });
  await page.screenshot(new URL(`${name}.png`, SHOTS).pathname);
}

export function filter(topicFilter: string, qos: 0 | 1 | 2): SubscriptionRequest {
  return { topicFilter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 };
}
