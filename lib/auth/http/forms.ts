import type { AuthenticationRequest, ClientIdentity } from "../../broker/mod.ts";
import { hostOfAddress } from "./host_of_address.ts";
import type { HttpAccessOptions } from "./options.ts";
import type { TextAnswer } from "./text_fetcher.ts";

/** What a question says, by name. */
export type Fields = Readonly<Record<string, string | number>>;

/** What a client wants to do: with a Topic Name, or with a Topic Filter. */
export interface Wish {
  /** A will is published too. */
  readonly action: "publish" | "subscribe";
  /** With the mount point, without a `$share/...`. */
  readonly topic: string;
  /** What it asks for. */
  readonly qos: number;
  /** Of a subscription `false`. */
  readonly retain: boolean;
}

/** An answer that is one; `details`: what else it says, not looked at yet. */
export interface Understood {
  /** Whether it is a yes. */
  readonly isAllowed: boolean;
  /** By name. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** How questions and answers look in the eyes of a service. */
export interface HttpForm {
  /** Who wants to come in. */
  authentication(request: AuthenticationRequest, password: string): Fields;
  /** All must be answered yes. */
  authorizations(client: ClientIdentity, wish: Wish): readonly Fields[];
  /** Throws where it is no answer, with the reason in words. */
  understand(answer: TextAnswer): Understood;
}

/** What mosquitto asks its plugins for. */
const READ = 1;
const WRITE = 2;
const SUBSCRIBE = 4;

/** The form that the options name. */
export function formOf({ form, response }: HttpAccessOptions): HttpForm {
  return form === "emqx" ? EMQX : goAuth(response);
}

/**
 * That of mosquitto-go-auth: `username`, `password`, `clientid`; `username`, `clientid`, `topic`, `acc`. At a SUBSCRIBE both are asked that
 * mosquitto asks: whether it may be subscribed to (4), and, once and not for each message, whether it may be read (1).
 */
function goAuth(response: HttpAccessOptions["response"]): HttpForm {
  return {
    authentication: ({ userName = "", clientId }, password) => ({
      username: userName,
      password,
      clientid: clientId,
    }),
    authorizations: ({ userName = "", clientId }, { action, topic }) =>
      (action === "publish" ? [WRITE] : [SUBSCRIBE, READ]).map((acc) => ({
        username: userName,
        clientid: clientId,
        topic,
        acc,
      })),
    understand(answer) {
      if (!isAnswered(answer)) return { isAllowed: false };
      if (response === "status") return { isAllowed: true };
      if (response === "text") return { isAllowed: answer.text === "ok" };
      const { ok } = jsonOf(answer.text);
      if (typeof ok !== "boolean") throw new Error("The answer has no ok that is true or false");
      return { isAllowed: ok };
    },
  };
}

/** That of EMQX, from version 5 on: 204, or 200 with a `result`; what it calls ignored nobody else is asked about, so it is a no. */
const EMQX: HttpForm = {
  authentication: (request, password) => ({ ...emqxFields(request), password }),
  authorizations: (client, { action, topic, qos, retain }) => [{
    ...emqxFields(client),
    action,
    topic,
    qos: String(qos),
    retain: String(retain),
  }],
  understand(answer) {
    if (!isAnswered(answer)) return { isAllowed: false };
    const { status, contentType, text } = answer;
    if (status === 204) return { isAllowed: true };
    if (status !== 200) throw new Error(`The answer has the status ${status}`);
    const details = contentType === "application/x-www-form-urlencoded"
      ? Object.fromEntries(new URLSearchParams(text))
      : jsonOf(text);
    const { result } = details;
    if (result !== "allow" && result !== "deny" && result !== "ignore") {
      throw new Error("The answer has no result that is allow, deny or ignore");
    }
    return { isAllowed: result === "allow", details };
  },
};

function emqxFields(
  { userName = "", clientId, remoteAddress, certificate }: ClientIdentity,
): Fields {
  return {
    username: userName,
    clientid: clientId,
    peerhost: hostOfAddress(remoteAddress),
    ...certificate === undefined ? {} : {
      cert_common_name: certificate.commonName,
      cert_subject: certificate.subject,
    },
  };
}

/** Whether a status says more than no; throws where it says nothing of the client: the service is at fault, or too busy. */
function isAnswered({ status }: TextAnswer): boolean {
  if (status >= 200 && status < 300) return true;
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) return false;
  throw new Error(`The answer has the status ${status}`);
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("The answer is no JSON");
  }
  if (typeof value !== "object" || value === null) throw new Error("The answer is no JSON object");
  return value as Readonly<Record<string, unknown>>;
}
