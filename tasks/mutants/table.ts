/**
 * The mistakes, of `lib/broker`, `lib/session` and `lib/store`, and with them those of `lib/bridge`: where one would hurt somebody, and a reader of the code would not
 * see it at once.
 *
 * @module
 */
import type { Mutation } from "./apply.ts";
import { BRIDGE_MUTATIONS } from "./bridge_table.ts";
import { of } from "./rows.ts";

/** All of them. */
export const MUTATIONS: readonly Mutation[] = [
  // What takes the short way must not be different from what takes the long one.
  ...of(
    "broker/handlers/relay.ts",
    [
      "a node of a cluster keeps what is relayed to itself",
      " && cluster === null",
      "",
      "broker/cluster",
    ],
    [
      "observers do not hear of what is relayed",
      "!isObserved && ",
      "",
      "broker/relay",
    ],
    [
      "a message that needs a right is relayed without asking",
      "!ports.access.checksTopics && ",
      "",
      "broker/relay",
    ],
    [
      "what a client publishes under $SYS/ is relayed",
      " || bytes[nameAt] === DOLLAR",
      "",
      "broker/relay",
    ],
    [
      "a client that takes nothing is sent more and more",
      " || isBacklogged(core, connection)",
      "",
      "broker/relay",
    ],
    [
      "the program's own subscriptions miss what is relayed",
      "shares.length === 0 && locals.length === 0",
      "shares.length === 0",
      "broker/relay",
    ],
    [
      "what a client with No Local publishes comes back to it where it is relayed",
      "(ownTargets === undefined || !ownTargets.has(publisher))",
      "true",
      "broker/relay",
    ],
  ),
  ...of(
    "broker/handlers/relay_acknowledged.ts",
    [
      "a repeated message of QoS 2 is relayed again",
      "if (qos === 2) receiver.accept(packetId);",
      "",
      "broker/relay",
    ],
    [
      "QoS 1 is relayed to more than the client's Receive Maximum",
      " &&\n    canSendNow(core, client, connection, sizeBytes)",
      "",
      "broker/relay",
    ],
    [
      "QoS 1 that a listener does not allow is relayed",
      "  if (listener.maxQos < qos) return false;\n",
      "",
      "broker/relay",
    ],
    [
      "what is relayed at QoS 1 is not stored for a session that is",
      "if (core.store !== undefined && client.session.isPersistent) {",
      "if (false) {",
      "broker/relay",
    ],
    [
      "what is relayed to a stored session is acknowledged before it is stored",
      'leaveOfAck(core, connection, packet, isStored, false) === "waits"',
      "false",
      "broker/relay",
    ],
    [
      "what a failing store cannot take is relayed and acknowledged",
      "core.store?.isFailing !== true && ",
      "",
      "store/failing",
      "broker/commit",
      "broker/relay",
    ],
  ),
  // What a client leaves behind, and what it costs.
  ...of(
    "broker/services/lifecycle.ts",
    [
      "a pause stays queued after its client has gone",
      "  connection.clearStops(core.deadlines);\n",
      "",
      "broker/stops",
    ],
    [
      "what waits for a session that ends is not counted",
      'drop(core, client, "session_ended", message);\n',
      "void message;\n",
      "broker/drops",
    ],
    [
      "what is in flight to a session that ends is not counted",
      'else drop(core, client, "session_ended", delivery.message);',
      "",
      "broker/drops",
    ],
    [
      "the end of a stored session is waited for by nobody",
      "if (store.writes !== writesBefore) releases.end(clientId);",
      "",
      "broker/promises",
    ],
    [
      "a will that waits is lost with its session",
      '  publishDelayedWill(core, client);\n  core.observers?.tell("sessionEnded", client);\n',
      '  core.observers?.tell("sessionEnded", client);\n',
      "broker/will",
    ],
    [
      "a client that has gone counts as connected",
      "  core.connectedCount--;\n",
      "",
      "broker/isolation",
    ],
  ),
  ...of(
    "broker/services/watch.ts",
    [
      "silence counts against a client that is not read",
      "connection.isStopped ? core.nowMs : connection.lastReceivedMs",
      "connection.lastReceivedMs",
      "broker/congestion",
      "broker/rates",
    ],
    [
      "output is kept of a client that makes room",
      "  slowest.outbox.discard();\n",
      "",
      "broker/congestion",
    ],
    [
      "output is kept of a client that takes nothing",
      "    connection.outbox.discard();\n",
      "",
      "broker/congestion",
    ],
    ["a Keep Alive is one period", "* 1500", "* 1000", "broker/keep_alive"],
  ),
  ...of(
    "broker/core/router.ts",
    [
      "a route that is found in parts has whoever unsubscribed meanwhile [MQTT-3.10.4-2]",
      "if (this.#drafts.size > 0) this.#tellDrafts(topicFilter, entry, false);",
      "",
      "broker/route_draft",
    ],
    [
      "a route that is found in parts lacks who subscribed meanwhile",
      "if (this.#drafts.size > 0) this.#tellDrafts(topicFilter, entry, true);",
      "",
      "broker/route_draft",
    ],
    [
      "any number of routes is remembered",
      "this.#routes.size >= MAX_ROUTES || ",
      "",
      "broker/router",
    ],
    [
      "routes of any number of receivers are remembered",
      " || this.#targetCount > MAX_TARGETS",
      "",
      "broker/router",
    ],
    [
      "routes are remembered when rights change",
      "known.accessVersion === this.#readCheck.version",
      "true",
      "broker/router",
      "broker/access",
    ],
    [
      "a subscription that is replaced stays [MQTT-3.8.4-3]",
      "if (previous !== undefined) this.#delete(topicFilter, previous);",
      "",
      "broker/router",
    ],
  ),
  ...of(
    "broker/core/route_build.ts",
    [
      "overlapping subscriptions deliver at QoS 1 where one has 2 [MQTT-3.3.4-2]",
      "if (plain.qos2 + noLocal.qos2 > 0) qos = 2;\n  else ",
      "",
      "broker/router",
    ],
  ),
  ...of(
    "broker/core/route_draft.ts",
    [
      "a route has whoever unsubscribed after it was put together in part [MQTT-3.10.4-2]",
      "if (i < (gone.get(entry) ?? 0)) this.build.remove(entry);",
      "",
      "broker/route_draft",
    ],
  ),
  ...of(
    "broker/core/releases.ts",
    [
      "a connection that is closed in the turn in which it asked is remembered",
      'if (connection.state === "closed") this.cancel(connection);',
      "",
      "broker/commit",
    ],
    [
      "a connection that is closed later is remembered",
      "if (this.#deferred.delete(connection)) connection",
      "if (this.#deferred.has(connection)) connection",
      "broker/commit",
    ],
    [
      "what waits for a store that works again is not let go",
      "else if (this.#deferred.size > 0) this.#takeUp();",
      "",
      "broker/commit",
    ],
    [
      "a session's end counts for ever as not stored",
      "if (this.#ending.get(clientId) === end) this.#forget(clientId);",
      "",
      "broker/promises",
      "broker/commit",
    ],
    [
      "a session that ends twice counts as gone when its first end is stored",
      "if (this.#ending.get(clientId) === end) this.#forget(clientId);",
      "this.#forget(clientId);",
      "broker/promises",
    ],
    [
      "names of ended sessions count for ever",
      "    this.#endingLength -= clientId.length;\n",
      "",
      "broker/releases",
    ],
  ),
  ...of(
    "broker/core/long_fan_outs.ts",
    [
      "a message that must not come twice is committed in parts [MQTT-4.3.3-10]",
      'return this.#whole === "under way";',
      "return false;",
      "broker/long_fan_out",
    ],
  ),
  ...of(
    "broker/services/long_fan_out.ts",
    [
      "what unsubscribed meanwhile gets the message all the same [MQTT-3.10.4-2]",
      "client.unsubscribedAt > route.version",
      "false",
      "broker/long_fan_out",
    ],
    [
      "a message that has expired on its way is delivered [MQTT-3.3.2-5]",
      "return expiresAtMs <= nowMs;",
      "return false;",
      "broker/long_fan_out",
    ],
    [
      "a right that is lost on its way does not count",
      "  if (!core.mayRead(client, message.topicName)) return;\n",
      "",
      "broker/long_fan_out",
    ],
  ),
  ...of(
    "broker/ground/payload_arena.ts",
    [
      "a sparse slab is kept, since it was the open one",
      "if (previous !== undefined && previous.liveBytes * SPARSE < SLAB_BYTES) this.#giveUp(previous);",
      "void previous;",
      "broker/payload_arena",
    ],
    [
      "a payload that moves lies where another one is",
      "message.at = slab.usedBytes;",
      "message.at = 0;",
      "broker/payload_arena",
    ],
  ),
  ...of(
    "broker/ground/promises.ts",
    [
      "a repeat on a new connection is acknowledged before it is stored",
      "isRepeat: true,\n",
      "isRepeat: true,\n      isStoreFailing: true,\n",
      "broker/promises",
    ],
    [
      "the facts of the table are mixed up",
      "(facts.isRepeat ? 16 : 0)",
      "(facts.isRepeat ? 8 : 0)",
      "broker/promises",
    ],
  ),
  ...of(
    "broker/state/stops.ts",
    [
      "one reason's end is all reasons' end",
      "this.#reasons &= ~BITS[reason];",
      "this.#reasons = 0;",
      "broker/stops",
    ],
    [
      "a deadline that is replaced comes all the same",
      "    this.#clearDeadline(reason, deadlines);\n    const deadline = new",
      "    const deadline = new",
      "broker/stops",
    ],
  ),
  ...of(
    "broker/state/connection_state.ts",
    [
      "a client can be admitted twice",
      'connected: { close: "closed" },',
      'connected: { admit: "connected", close: "closed" },',
      "broker/connection_state",
    ],
  ),
  ...of(
    "broker/state/outbox.ts",
    [
      "PUBACKs that wait count for ever against the Receive Maximum",
      "held.pendingPubacks -= pubacks;",
      "",
      "broker/commit",
    ],
    [
      "what waits behind CONNACK is lost",
      "if (behind !== null) this.ready.append(behind.bytes.subarray(0, behind.length));",
      "",
      "broker/commit",
    ],
    [
      "what waits behind CONNACK overtakes it [MQTT-3.2.0-1]",
      "if (this.#held === null || !this.#held.isConnackHeld) return this.ready;",
      "return this.ready;",
      "broker/commit",
    ],
    [
      "answers that were taken count as not taken",
      "      this.answerBytes -= this.#writingAnswerBytes;\n",
      "",
      "broker/budget",
    ],
    [
      "a client gets more than its Maximum Packet Size [MQTT-3.1.2-24]",
      "if (sizeBytes > this.maxPacketSizeBytes) return false;",
      "",
      "broker/packet_size",
    ],
    [
      "what is owed while the store fails is unbounded",
      "if (!hadRoom || held.answerBytes <= MAX_HELD_ACK_BYTES) return;",
      "return;",
      "broker/commit",
    ],
  ),
  ...of(
    "broker/handlers/receive.ts",
    [
      "who takes no answer is read on",
      'if (connection.outbox.answerBytes > MAX_ANSWER_BYTES) connection.stops.stop("output");',
      "",
      "broker/budget",
    ],
    [
      "one connection has all of the turn",
      "if (core.work.isPartOver && at < end) core.postpone(connection);",
      "",
      "broker/budget",
    ],
    [
      "what waits for a decision counts twice against the rate",
      "if (rates !== undefined) takeBack(rates, isPublish, sizeBytes);",
      "",
      "broker/stops",
    ],
  ),
  ...of(
    "broker/handlers/publish.ts",
    [
      "a QoS 2 message that comes again is routed again [MQTT-4.3.3-10]",
      "  session.receiver.accept(packetId);\n",
      "",
      "broker/publish",
    ],
    [
      "a Packet Identifier of QoS 2 is forgotten with the process [MQTT-4.3.3-10]",
      "  if (session.isPersistent) core.store?.putReceived(session.clientId, packetId);\n",
      "",
      "broker/restore",
      "broker/promises",
    ],
    [
      "the message is routed before its Packet Identifier is stored",
      "  if (packet.qos === 2) hold(core, client, packet.packetId);\n  if (isLong) return publishInParts(core, connection, packet, message, route);\n  const count = fanOut(core, message, route, client);\n",
      "  if (isLong) return publishInParts(core, connection, packet, message, route);\n  const count = fanOut(core, message, route, client);\n  if (packet.qos === 2) hold(core, client, packet.packetId);\n",
      "broker/isolation",
    ],
    [
      "a refusal overtakes what waits [MQTT-4.6.0-2]",
      "    outcome !== ReasonCode.Success && outbox.hasHeld;",
      "    false;",
      "broker/commit",
    ],
  ),
  ...of(
    "broker/handlers/acknowledge.ts",
    [
      "PUBREL leaves before it is stored [MQTT-4.3.3-4]",
      'packetId, waits(core, connection, "pubrel"));',
      "packetId, false);",
      "broker/commit",
    ],
    [
      "a message that its receiver refuses is not counted",
      "  if (reasonCode >= 0x80) countRefusal(core, connection, outcome);\n",
      "",
      "broker/drops",
    ],
    [
      "the room that an acknowledgement makes is not used",
      "if (client.session.queue.length > 0 || client.session.sender.isResending) drain(core, client);",
      "",
      "broker/queue",
    ],
  ),
  ...of(
    "broker/handlers/admit.ts",
    [
      "a Clean Start that cannot be stored takes the old connection along",
      "if (refusal !== undefined) {\n    return refuse(",
      "if (false) {\n    return refuse(",
      "broker/promises",
    ],
    [
      "a session that is resumed still expires",
      "  if (client.expiry !== null) core.deadlines.clear(client.expiry);\n",
      "",
      "broker/session_life",
    ],
    [
      "a stored session goes on that was resumed as one of its connection",
      "  } else if (resumed !== undefined) endStored(core, clientId);\n",
      "  }\n",
      "broker/promises",
    ],
  ),
  ...of(
    "broker/core/queue_book.ts",
    [
      "the total of what is queued never gets less",
      "    this.bytes -= sizeBytes;\n",
      "",
      "broker/queue",
    ],
    [
      "the total of what is in memory never gets less",
      "    if (isHeld) this.heldBytes -= sizeBytes;\n",
      "",
      "broker/queue",
    ],
  ),
  ...of(
    "session/session_queue.ts",
    [
      "what must stay in memory comes behind what was read",
      "    this.#moveBehind(sequence, onFailed);\n",
      "",
      "session/session_queue",
    ],
    [
      "what is read stays counted as what is in the store alone",
      "    tail.length--;\n",
      "",
      "session/session_queue",
      "broker/queue_tail",
    ],
  ),
  ...of(
    "broker/services/restore.ts",
    [
      "a session that was to end with its connection is there after a restart",
      "  if (stored.expirySeconds <= KEPT_SECONDS) return endKept(core, client, stored);\n",
      "",
      "broker/queue_tail",
    ],
    [
      "numbers of what waits in the store alone are given again",
      "  core.nextSequence = Math.max(core.nextSequence, state.nextSequence ?? 0);\n",
      "",
      "broker/queue_tail",
    ],
  ),
  ...of(
    "store/sqlite_store.ts",
    [
      "a message of several goes with the first of them",
      "if (++message.references > 1) message.isShared = true;",
      "message.references++;",
      "store/queued",
      "store/sqlite",
    ],
  ),
  ...of(
    "broker/services/queue.ts",
    [
      "a full queue drops before what has expired in it",
      "  dropExpired(core, client);\n",
      "",
      "broker/queue",
    ],
  ),
  ...of(
    "broker/services/send.ts",
    [
      "a delivery that fails stays in flight",
      "  if (inFlight !== undefined) session.sender.discard(inFlight);\n",
      "",
      "broker/isolation",
    ],
    [
      "what has expired in the queue is delivered [MQTT-3.3.2-5]",
      "if (delivery.message.expiresAtMs <= core.nowMs) {",
      "if (false) {",
      "broker/drops",
    ],
  ),
  ...of(
    "broker/services/restore.ts",
    [
      "deliveries get numbers again that the store has",
      "core.nextSequence = Math.max(core.nextSequence, delivery.sequence + 1);",
      "",
      "broker/restore",
    ],
    [
      "a restored session never expires",
      "  startExpiry(core, client, expiresAtMs);\n",
      "",
      "broker/restore",
    ],
  ),
  ...of(
    "session/sender.ts",
    [
      "a Packet Identifier is given twice [MQTT-2.2.1-4]",
      "do packetId = nextPacketId(packetId); while (!this.#inFlight.isFree(packetId));",
      "packetId = nextPacketId(packetId);",
      "session/sender",
    ],
    [
      "what is redelivered takes no quota [MQTT-3.3.4-9]",
      "if (this.#sent >= this.#maxMessages) return undefined;",
      "",
      "session/sender",
    ],
    [
      "PUBREL packets are redelivered in the order of their PUBLISH packets [MQTT-4.6.0-4]",
      "      this.#inFlight.moveToEnd(inFlight);\n",
      "",
      "session/sender",
    ],
    [
      "what was sent on an earlier connection frees quota of this one",
      "if (inFlight.isSent) this.#sent--;",
      "this.#sent--;",
      "session/sender",
    ],
  ),
  ...of(
    "session/in_flight_table.ts",
    [
      "what is removed from the order stays between its neighbours",
      "else newer.older = older;",
      "",
      "session/in_flight",
    ],
    [
      "a Packet Identifier is found by its slot alone",
      "found.packetId === packetId ? found : undefined",
      "found",
      "session/in_flight",
    ],
  ),
  ...of(
    "broker/ground/payload_slab.ts",
    [
      "what was copied of one read is taken for the next one",
      "    this.#read = null;\n  }\n\n  /**\n   * Copies `read",
      "  }\n\n  /**\n   * Copies `read",
      "broker/payload_slab",
    ],
  ),
  ...of(
    "session/receiver.ts",
    [
      "what came on an earlier connection locks out a client that forgot it",
      "    this.#recentSize = 0;\n",
      "",
      "session/receiver",
    ],
  ),
  ...of(
    "session/delivery_queue.ts",
    [
      "the dead front of a queue is never cut off, and read again",
      "this.#head = 0;\n    } else",
      "} else",
      "session/delivery_queue",
    ],
    [
      "QoS 0 that has left the queue still holds back what follows",
      "if (delivery.qos === 0) this.#qos0Length--;",
      "",
      "session/delivery_queue",
    ],
    [
      "what expires sooner than the rest is not known",
      "return this.#expiries?.nextMs ?? Infinity;",
      "return Infinity;",
      "session/delivery_queue",
    ],
  ),
  ...of(
    "store/gathered_retained.ts",
    [
      "a row that the file has is not deleted there",
      "if (storePlace > 0) this.#deleted.add(message.topicName);",
      "",
      "store/gathered_retained",
    ],
    [
      "the last message that gathers is lost with one that is deleted",
      "this.#put[place - 1] = last;",
      "",
      "store/gathered_retained",
    ],
  ),
  // Large retained payloads are in the store alone.
  ...of(
    "broker/services/retained_pump.ts",
    [
      "what has taken the place of a message while it was read does not come",
      "    if (current !== undefined) deliverOrFind(core, client, delivery, current);\n",
      "",
      "broker/retained_apart",
    ],
    [
      "the last ones that are to be read never are",
      "isWorthReading(apart) || isOver && apart.found.length > 0",
      "isWorthReading(apart)",
      "broker/retained_apart",
    ],
    [
      "what was read ahead is lost at the end of the walk",
      "!isReading && !hasMore(ahead) && !hasMore(read)",
      "!isReading",
      "broker/retained_apart",
    ],
    [
      "what is being read is lost at the end of the walk",
      "found.length === 0 && !isReading",
      "found.length === 0",
      "broker/retained_apart",
    ],
  ),
  // Small ones are, too, when there are too many.
  ...of(
    "topic/retained_places.ts",
    [
      "a name that is apart is current for ever",
      "return this.#block.changes === this.#changes;",
      "return true;",
      "topic/apart_names",
      "broker/retained_apart",
    ],
  ),
  ...of(
    "broker/core/retained.ts",
    [
      "messages leave memory before they are stored",
      "else if (message.isStored) this",
      "else this",
      "broker/retained_apart",
    ],
    [
      "what takes the place of a message that expires goes at its time",
      "      this.#ground.deadlines.clear(deadline);\n",
      "",
      "broker/retained_apart",
    ],
  ),
  ...of(
    "broker/ground/payload_arena.ts",
    [
      "small payloads leave memory too, and their slabs never",
      "if (this.length > MAX_PAYLOAD_BYTES) this.bytes = APART;",
      "this.bytes = APART;",
      "broker/retained_apart",
    ],
  ),
  ...of(
    "store/group_commit.ts",
    [
      "retained payloads never leave memory",
      "    for (const message of this.#retained) message.wasStored?.();\n",
      "",
      "store/retained_reading",
    ],
  ),
  ...of(
    "store/writer.ts",
    [
      "what is acknowledged stays in the queue",
      "    this.#deletions.waiting(rows.deletedWaiting);\n",
      "",
      "store/queued",
      "store/sqlite",
    ],
  ),
  ...of(
    "store/batch.ts",
    [
      "a delivery that was written is not deleted",
      "else this.#deletedDeliveries.push(sequence);",
      "",
      "store/batch",
      "store/sqlite",
    ],
    [
      "a Packet Identifier that was released stays",
      "this.#deletedReceived.push([record.sessionId, record.packetId]);",
      "",
      "store/batch",
      "store/sqlite",
    ],
    [
      "a message for two is written without one of them",
      "isYoung(record) && isLeft(record.message)",
      "isYoung(record)",
      "store/commit_point",
    ],
    [
      "a session that was never written is deleted in the file",
      "    if (!session.isWritten) return;\n    this.#deletedSessions",
      "    this.#deletedSessions",
      "store/batch",
    ],
    [
      "what waits for a session that has ended is never deleted",
      "    if (session.hasApart) this.#endedSessions.push(session.id);\n",
      "",
      "store/queued",
    ],
  ),
  ...of(
    "store/memory_store.ts",
    [
      "commits are done in any order",
      "this.#schedule(() => this.#commits.shift()?.());",
      "this.#schedule(() => this.#commits.pop()?.());",
      "store/memory",
      "broker/commit",
    ],
    [
      "what is said about a session that is not stored counts as a write",
      "if (!this.#written.sessions.has(clientId)) return;\n    this.#write(({ sessions }) => sessions.delete(clientId));",
      "this.#write(({ sessions }) => sessions.delete(clientId));",
      "store/memory",
    ],
  ),
  ...of(
    "store/group_commit.ts",
    [
      "what waits for one part of a large batch is told before the others are written",
      "if (this.#leaving !== undefined) return this.#write(this.#leaving);\n    this.#writtenBatch",
      "if (this.#leaving !== undefined) this.#write(this.#leaving);\n    this.#writtenBatch",
      "store/group_commit",
    ],
    [
      "a commit is done before what it wrote is acknowledged or written",
      "return gathered === 0 &&",
      "return gathered >= 0 &&",
      "store/commit_point",
    ],
    [
      "what was sent a moment ago is written with what is older",
      "return this.#awaited.findLast(isLong)?.point.order ?? 0;",
      "return this.#awaited.at(-1)?.point.order ?? 0;",
      "store/commit_point",
    ],
    [
      "a position is written before what came before it",
      "this.batch.hasPosition || ",
      "",
      "store/commit_point",
    ],
  ),
  ...BRIDGE_MUTATIONS,
];
