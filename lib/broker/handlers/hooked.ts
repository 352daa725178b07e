/**
 * Asks the program's hooks. Until they have answered, no more packets of that connection are handled and nothing is changed: so
 * packets keep their order, and a packet is acknowledged only after it was decided and, where necessary, committed. Other
 * connections continue.
 *
 * @module
 */
import {
  type Properties,
  ReasonCode,
  type SubscriptionRequest,
  type Will,
} from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import { isTopicName } from "../../topic/mod.ts";
import type { Core } from "../core/core.ts";
import { isRefusal, judgeConnect, judgeMessage, judgeSubscribe } from "../ground/hook_answers.ts";
import type { HookedMessage, HookName, HookRefusal, HookSubjects } from "../ground/hooks.ts";
import { travelling } from "../ground/message_rules.ts";
import type { AuthenticationRequest, ClientIdentity } from "../ground/ports.ts";
import { actFor, refuse } from "../services/lifecycle.ts";
import type { Connection } from "../state/connection.ts";
import { keepWill } from "./take_will.ts";

/** Continues with the result of the hooks; `true`: they have another question to answer first. */
type GoOn<Name extends HookName> = (result: HookSubjects[Name] | HookRefusal) => boolean;

/** Asks the hooks about a client that access control has admitted, and about its will; if they allow it, calls `admit`. */
export function askToConnect(
  core: Core,
  connection: Connection,
  request: AuthenticationRequest,
  admit: () => void,
): void {
  const identity = identityOf(request);
  const subject = { ...request, mountPoint: connection.mountPoint };
  const { hooks, options } = core;
  const judge = (answer: unknown, subject: HookSubjects["onConnect"]) => {
    const verdict = judgeConnect(answer, options);
    if (isRefusal(verdict)) return verdict;
    return verdict === undefined ? subject : { ...subject, mountPoint: verdict };
  };
  const goOn: GoOn<"onConnect"> = (result) => {
    if (connection.state === "closed") return false;
    if (isRefusal(result)) {
      refuse(core, connection, result.reasonCode, result.reason ?? "Refused by the program");
      return false;
    }
    if (!mount(core, connection, result.mountPoint, request.connect.will)) return false;
    return askAboutWill(core, connection, identity, request.connect.will, admit);
  };
  const answered = hooks.ask("onConnect", identity, subject, judge, later(core, connection, goOn));
  goOnOrStop(connection, answered, goOn);
}

/**
 * The message as the hooks have changed it, or their refusal; `undefined`: they have not answered, and the packet must stay in the
 * buffer.
 */
export function askToPublish(
  core: Core,
  connection: Connection,
  message: Message,
): Message | HookRefusal | undefined {
  const known = connection.hooked?.message ?? null;
  if (known !== null) return known;
  const { hooks, options } = core;
  const judge = (answer: unknown, subject: HookedMessage) => judgeMessage(answer, subject, options);
  const answered = hooks.ask(
    "onPublish",
    connection.identity!,
    { ...message, payload: message.payload.slice(), isWill: false },
    judge,
    later<"onPublish">(core, connection, (result) => {
      connection.hookedOrNew().message = result;
      return false;
    }),
  );
  if (answered === undefined) connection.stops.stop("hook");
  else connection.hookedOrNew().message = answered;
  return answered;
}

/** The subscription as the hooks have changed it, or their refusal; `undefined`: not answered yet, and `decided` will be called. */
export function askToSubscribe(
  core: Core,
  connection: Connection,
  request: SubscriptionRequest,
  decided: (result: SubscriptionRequest | HookRefusal) => void,
): SubscriptionRequest | HookRefusal | undefined {
  const answered = core.hooks.ask(
    "onSubscribe",
    connection.identity!,
    request,
    judgeSubscribe,
    later<"onSubscribe">(core, connection, (result) => {
      decided(result);
      return false;
    }),
  );
  if (answered === undefined) connection.stops.stop("hook");
  return answered;
}

function askAboutWill(
  core: Core,
  connection: Connection,
  identity: ClientIdentity,
  will: Will | undefined,
  admit: () => void,
): boolean {
  const { hooks, options } = core;
  if (will === undefined || hooks.onPublish === undefined) {
    admit();
    return false;
  }
  const kept = keepWill(connection, will);
  const judge = (answer: unknown, subject: HookedMessage) => judgeMessage(answer, subject, options);
  const goOn: GoOn<"onPublish"> = (result) => {
    if (connection.state === "closed") return false;
    connection.hookedOrNew().will = isRefusal(result) ? null : changedWill(kept, result);
    admit();
    return false;
  };
  const message = messageOf(kept, identity.clientId);
  const answered = hooks.ask("onPublish", identity, message, judge, later(core, connection, goOn));
  return goOnOrStop(connection, answered, goOn);
}

function goOnOrStop<Name extends HookName>(
  connection: Connection,
  answered: HookSubjects[Name] | HookRefusal | undefined,
  goOn: GoOn<Name>,
): boolean {
  if (answered !== undefined) return goOn(answered);
  connection.stops.stop("hook");
  return true;
}

/** The function that takes a late answer, in a turn of its own. */
function later<Name extends HookName>(
  core: Core,
  connection: Connection,
  goOn: GoOn<Name>,
): (result: HookSubjects[Name] | HookRefusal) => void {
  return (result) => {
    core.beginTurn();
    let isAsking = false;
    actFor(core, connection, () => {
      isAsking = goOn(result);
    });
    if (!isAsking) core.resumeInTurn(connection, "hook");
  };
}

/** The client's own mount point; `false`: its will has no topic under it, and it is refused. */
function mount(
  core: Core,
  connection: Connection,
  mountPoint: string,
  will: Will | undefined,
): boolean {
  connection.mountPoint = mountPoint;
  const { maxTopicLevels } = core.options;
  if (will === undefined || isTopicName(mountPoint + will.topicName, maxTopicLevels)) return true;
  const message = "Will Topic is not a Topic Name";
  refuse(core, connection, ReasonCode.TopicNameInvalid, message);
  return false;
}

function identityOf(request: AuthenticationRequest): ClientIdentity {
  const { connect: _, password: __, allowAnonymous: ___, signal: ____, ...identity } = request;
  return identity;
}

function messageOf({ properties, ...will }: Will, clientId: string): HookedMessage {
  const { topicName, payload, qos, retain } = will;
  return {
    topicName,
    payload: payload.slice(),
    qos,
    retain,
    properties: properties === undefined ? undefined : travelling(properties),
    expiresAtMs: Infinity,
    publisherId: clientId,
    isWill: true,
  };
}

/** The will with the hooks' changes, and with those of its properties that belong to the will, not to the message. */
function changedWill(will: Will, { topicName, payload, properties }: HookedMessage): Will {
  const { willDelayInterval, messageExpiryInterval } = will.properties ?? {};
  const whole: Properties = {
    ...properties,
    ...(willDelayInterval === undefined ? {} : { willDelayInterval }),
    ...(messageExpiryInterval === undefined ? {} : { messageExpiryInterval }),
  };
  return { ...will, topicName, payload, properties: whole };
}
