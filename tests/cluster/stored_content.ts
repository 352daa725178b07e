import { readSnapshot } from "../../lib/store/mod.ts";

/** What a node's store knows of what all nodes know, as text that is equal where it is the same. The node must have ended. */
export async function contentOf(directory: string): Promise<string> {
  const copy = await Deno.makeTempDir({ prefix: "flux-content-" });
  try {
    for (const { name } of Deno.readDirSync(directory)) {
      if (name.startsWith("flux-mqtt.db")) {
        Deno.copyFileSync(`${directory}/${name}`, `${copy}/${name}`);
      }
    }
    const { sessions, retained } = readSnapshot(`${copy}/flux-mqtt.db`);
    const lines: string[] = [];
    for (const { clientId, expirySeconds, owner, subscriptions, received, ...rest } of sessions) {
      lines.push(JSON.stringify([
        clientId,
        expirySeconds,
        owner,
        subscriptions.map((subscription) => JSON.stringify(subscription)).sort(),
        received.toSorted(),
        rest.will?.will.topicName,
        rest.deliveries.map(({ delivery: { message, qos, retain }, packetId, state }) => [
          message.logId,
          message.topicName,
          message.payload.toBase64(),
          qos,
          retain,
          // At the session's node one of QoS 1 is in flight that waits at others.
          ...qos === 2 ? [packetId, state] : [],
        ]),
      ]));
    }
    for (const { topicName, payload, qos } of retained) {
      lines.push(JSON.stringify([topicName, payload.toBase64(), qos]));
    }
    return lines.sort().join("\n");
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

/** Of the text, what is compared. */
export async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
