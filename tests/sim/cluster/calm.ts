import { equal } from "node:assert/strict";
import {
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type Will,
} from "../../../lib/codec/mod.ts";
import { Random } from "../../support/random.ts";
import type { NodeLink } from "../bridge/node.ts";
import type { Scheduler } from "../scheduler.ts";
import { SimLog } from "./engine.ts";
import { CALM_NODE, ClusterSimNode } from "./node.ts";

/** Nodes that are well, with their log. */
export function nodesOf(clock: Scheduler, count: number): ClusterSimNode[] {
  const random = new Random(1);
  const log = new SimLog(clock, random);
  const nodes = Array.from(
    { length: count },
    (_, i) => new ClusterSimNode({ ...CALM_NODE, name: `n${i}`, clock, random, log }),
  );
  clock.runFor(5000);
  for (const { isIn } of nodes) equal(isIn, true);
  return nodes;
}

/** Connects a client with the name `c`, and notes what comes. */
export function connect(
  node: ClusterSimNode,
  sessionExpiryInterval: number,
  will?: Will,
  cleanStart = true,
): { readonly got: string[]; readonly link: NodeLink } {
  const got: string[] = [];
  const link = node.accept({
    send(bytes) {
      for (let at = 0; at < bytes.length;) {
        const end = at + frameLength(bytes, at, bytes.length, Infinity);
        got.push(told(decodePacket(bytes, at, end, 5)));
        at = end;
      }
    },
    close: () => void got.push("closed"),
  })!;
  const connect: Packet = {
    type: "connect",
    protocolVersion: 5,
    cleanStart,
    keepAliveSeconds: 0,
    clientId: "c",
    properties: { sessionExpiryInterval },
    ...will === undefined ? {} : { will },
  };
  link.receive(encodePacket(connect, 5));
  return { got, link };
}

function told(packet: Packet): string {
  return "reasonCode" in packet ? `${packet.type} ${packet.reasonCode}` : packet.type;
}
