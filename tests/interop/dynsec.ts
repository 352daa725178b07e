import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";

/** Where mosquitto's plugins are told apart by their names; ours need not exist. */
export const PLUGIN = "/usr/lib/mosquitto_dynamic_security.so";
const CONTROL = "$CONTROL/dynamic-security/v1";

/** How a run of `mosquitto_ctrl` ended. */
export interface CtrlRun {
  readonly code: number;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Runs the real `mosquitto_ctrl` to its end. */
export async function runCtrl(args: readonly string[]): Promise<CtrlRun> {
  const { code, stdout, stderr } = await new Deno.Command("mosquitto_ctrl", {
    args: [...args],
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: text(stdout) + text(stderr) };
}

/** `mosquitto_ctrl dynsec …` as the administrator of `initFile`; what is wrong ends the test. Returns what it prints. */
export async function ctrl(port: number, ...args: readonly string[]): Promise<string> {
  const { code, output } = await runCtrl([
    ...["-h", "127.0.0.1", "-p", String(port), "-u", "admin", "-P", "secret", "dynsec"],
    ...args,
  ]);
  assert.ok(code === 0 && !/error/i.test(output), `${args.join(" ")}: ${output}`);
  return output;
}

/** Makes a file as mosquitto's users do. */
export async function initFile(path: string): Promise<void> {
  const { code, output } = await runCtrl(["dynsec", "init", path, "admin", "secret"]);
  assert.equal(code, 0, output);
}

/** The lines of a configuration file that name the plugin and its file. */
export function pluginLines(path: string, plugin = PLUGIN): string {
  return `plugin ${plugin}\nplugin_opt_config_file ${path}\n`;
}

/** An answer to one command. */
export interface Answer {
  readonly command?: string;
  readonly error?: string;
  readonly correlationData?: string;
  readonly data?: unknown;
}

/** A client that sends commands as they are and reads their answers. `await using` ends it. */
export class Administrator {
  readonly client: MqttClient;
  #answered: ((answers: readonly Answer[]) => void) | undefined;

  static async connect(port: number): Promise<Administrator> {
    const client = await connectAs(port, "admin", "secret", `admin-${crypto.randomUUID()}`);
    const administrator = new Administrator(client);
    await client.subscribe([subscription(`${CONTROL}/response`)]);
    return administrator;
  }

  private constructor(client: MqttClient) {
    this.client = client;
    client.onMessage = ({ payload }) => {
      const { responses } = JSON.parse(new TextDecoder().decode(payload));
      this.#answered?.(responses);
    };
  }

  /** Sends commands in one message. */
  ask(...commands: readonly unknown[]): Promise<readonly Answer[]> {
    return this.askText(JSON.stringify({ commands }));
  }

  /** Sends a message as it is. */
  async askText(text: string): Promise<readonly Answer[]> {
    const { promise, resolve } = Promise.withResolvers<readonly Answer[]>();
    this.#answered = resolve;
    await this.client.publish(CONTROL, new TextEncoder().encode(text), { qos: 1 });
    return await promise;
  }

  /** The same, where all of it must go well. */
  async do(...commands: readonly unknown[]): Promise<void> {
    for (const { command, error } of await this.ask(...commands)) {
      assert.equal(error, undefined, command);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.disconnect();
  }
}

/** Connects with a name and a password. */
export function connectAs(
  port: number,
  userName: string | undefined,
  password: string | undefined,
  clientId: string,
): Promise<MqttClient> {
  return MqttClient.connect({
    hostname: "127.0.0.1",
    port,
    clientId,
    ...userName === undefined ? {} : { userName },
    ...password === undefined ? {} : { password: new TextEncoder().encode(password) },
  });
}

/** A plain subscription at QoS 1. */
export function subscription(topicFilter: string) {
  return {
    topicFilter,
    qos: 1 as const,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 2 as const,
  };
}
