import { ClientError, MqttClient } from "../../client/mod.ts";
import { loadConfig, parseArguments } from "../../config/mod.ts";
import { Logger } from "../../observe/mod.ts";
import { messageOf } from "../output.ts";
import { runBroker } from "../run_broker.ts";
import { processSources } from "../sources.ts";
import type { SetupPlan } from "./plan.ts";

/** The result of a trial. */
export interface Trial {
  /** What happened, one line each. */
  readonly lines: readonly string[];
  /** Whether the configuration works. */
  readonly isGood: boolean;
}

const TRIAL_TOPIC = "flux-mqtt/setup";
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Starts the broker with the configuration for a moment, and connects with the right password and with a wrong one. It stores nothing,
 * so that the service's user finds no store that belongs to another user.
 */
export async function trySetup(configFile: string, plan: SetupPlan): Promise<Trial> {
  const args = parseArguments(["-c", configFile, "--no-persistence", "--log-type", "error"]);
  const result = loadConfig(processSources(args));
  if (!result.isValid) return { lines: result.problems, isGood: false };
  const lines: string[] = [];
  let isGood = false;
  const status = await runBroker(
    result.config,
    new Logger(result.config.log),
    () => result,
    async () => {
      lines.push(`The broker starts and listens on port ${plan.port}`);
      const outcomes = [await welcome(plan), await refusal(plan)];
      lines.push(...outcomes.map(({ text }) => text));
      isGood = outcomes.every((outcome) => outcome.isGood);
      return "The trial is over";
    },
  );
  if (status !== 0) lines.push("The broker does not start");
  return { lines, isGood: isGood && status === 0 };
}

interface Outcome {
  readonly text: string;
  readonly isGood: boolean;
}

/** Checks that the user can connect and gets a message back. */
async function welcome(plan: SetupPlan): Promise<Outcome> {
  const came = Promise.withResolvers<void>();
  let client: MqttClient | undefined;
  try {
    client = await connect(plan, plan.password, () => came.resolve());
    await client.subscribe([TRIAL_TOPIC]);
    await client.publish(TRIAL_TOPIC, new TextEncoder().encode("Hello"), { qos: 1 });
    await Promise.race([came.promise, client.closed.then(() => failEarly())]);
    await client.disconnect();
    const line = plan.tls === "none" ? "without TLS" : "over TLS";
    return { text: `${plan.user} connects ${line}, publishes and receives`, isGood: true };
  } catch (error) {
    return { text: `${plan.user} cannot connect: ${messageOf(error)}`, isGood: false };
  } finally {
    client?.abort();
  }
}

function failEarly(): never {
  throw new Error("the connection ended before the message came back");
}

/** Checks that a wrong password is refused. */
async function refusal(plan: SetupPlan): Promise<Outcome> {
  try {
    const client = await connect(plan, `${plan.password}?`, () => {});
    client.abort();
    return { text: "A wrong password is accepted, which must not happen", isGood: false };
  } catch (error) {
    const isRefused = error instanceof ClientError && error.kind === "refused";
    return isRefused
      ? { text: "A wrong password is refused", isGood: true }
      : { text: `With a wrong password: ${messageOf(error)}`, isGood: false };
  }
}

/** Connects to this machine. The user's own certificate names another host, so its name is not checked. */
async function connect(
  { address, port, tls, directory, cafile, user }: SetupPlan,
  password: string,
  onMessage: () => void,
): Promise<MqttClient> {
  const trusted = tls === "make" ? `${directory}/ca.crt` : cafile;
  const caCerts = trusted === "" ? {} : { caCerts: [await Deno.readTextFile(trusted)] };
  return await MqttClient.connect({
    hostname: ["", "0.0.0.0", "::"].includes(address) ? "localhost" : address,
    port,
    userName: user,
    password: new TextEncoder().encode(password),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    onMessage,
    ...tls === "none" ? {} : { tls: { ...caCerts, insecure: tls === "own" } },
  });
}
