import { deepEqual, equal } from "node:assert/strict";
import { ShareGroup } from "../../lib/broker/core/share_group.ts";
import { Random } from "../support/random.ts";
import { aClient, aSubscription } from "./clients.ts";

const FILTER = "$share/g/t";

/** Ranks of the members a, b, c in turn, and who is picked by so many calls; "-": nobody. */
const PICKS: readonly [ranks: readonly number[], picked: string, why: string][] = [
  [[3, 3, 3], "abcabc", "each in turn"],
  [[3, 0, 3], "acacac", "who cannot take it is left out"],
  [[3, 2, 3], "acacac", "who has a backlog is left out while others have none"],
  [[2, 2, 2], "abcabc", "a backlog everywhere is shared"],
  [[1, 1, 3], "cccccc", "who is away gets nothing while somebody is there"],
  [[1, 1, 0], "ababab", "those away who keep it share it"],
  [[0, 0, 0], "------", "nobody can take it"],
  [[], "--", "there is nobody"],
];

for (const [ranks, picked, why] of PICKS) {
  Deno.test(`a share of members ranked [${ranks}] picks ${picked}: ${why}`, () => {
    const group = new ShareGroup(FILTER);
    const clients = ranks.map((_, i) => aClient("abc"[i]!));
    for (const client of clients) group.set(client, aSubscription(FILTER));
    const found = Array.from(
      picked,
      () => group.pick(({ client }) => ranks[clients.indexOf(client)]!)?.client.session.clientId,
    );
    equal(found.map((clientId) => clientId ?? "-").join(""), picked);
  });
}

Deno.test("a member's messages have its own QoS, identifier and share [MQTT-4.8.2-3]", () => {
  const group = new ShareGroup(FILTER);
  const client = aClient("a");
  group.set(client, aSubscription(FILTER, { qos: 2, subscriptionIdentifier: 7 }));
  const target = { client, qos: 2, retainAsPublished: false, share: FILTER };
  deepEqual(pick(group), { ...target, subscriptionIdentifiers: [7] });
  group.set(client, aSubscription(FILTER, { qos: 1, retainAsPublished: true }));
  equal(group.size, 1);
  deepEqual(pick(group), {
    client,
    qos: 1,
    retainAsPublished: true,
    share: FILTER,
    subscriptionIdentifiers: undefined,
  });
});

Deno.test("who has left is not picked, and leaves once", () => {
  const group = new ShareGroup(FILTER);
  const [a, b] = [aClient("a"), aClient("b")];
  for (const client of [a, b]) group.set(client, aSubscription(FILTER));
  equal(group.delete(a), true);
  equal(group.delete(a), false);
  deepEqual([pick(group)?.client, pick(group)?.client, group.size], [b, b, 1]);
});

/** Members a to e take turns; after so many messages one leaves; who gets the next ones. */
const LEAVES: readonly [given: number, leaving: string, next: string][] = [
  [3, "b", "deacdea"],
  [3, "c", "deabdea"],
  [3, "d", "eabceab"],
  [5, "b", "acdeacd"],
  [5, "e", "abcdabc"],
  [0, "a", "bcdebcd"],
];
for (const [given, leaving, next] of LEAVES) {
  Deno.test(`the turn passes on when ${leaving} leaves after ${given} messages: ${next}`, () => {
    const group = new ShareGroup(FILTER);
    const clients = [..."abcde"].map((name) => aClient(name));
    for (const client of clients) group.set(client, aSubscription(FILTER));
    for (let i = 0; i < given; i++) pick(group);
    group.delete(clients["abcde".indexOf(leaving)]!);
    const found = Array.from(next, () => pick(group)!.client.session.clientId);
    equal(found.join(""), next);
  });
}

Deno.test("the turn passes on where more leave than stay", () => {
  const group = new ShareGroup(FILTER);
  const clients = Array.from({ length: 100 }, (_, i) => aClient(`${i}`));
  for (const client of clients) group.set(client, aSubscription(FILTER));
  for (let i = 0; i < 51; i++) pick(group);
  for (const client of clients) {
    if (![10, 20, 60].includes(clients.indexOf(client))) group.delete(client);
  }
  const found = Array.from({ length: 4 }, () => pick(group)!.client.session.clientId);
  deepEqual(found, ["60", "10", "20", "60"]);
});

Deno.test("hasOther() asks about everybody else", () => {
  const group = new ShareGroup(FILTER);
  const [a, b] = [aClient("a"), aClient("b")];
  group.set(a, aSubscription(FILTER));
  equal(group.hasOther(a, () => true), false);
  group.set(b, aSubscription(FILTER));
  equal(group.hasOther(a, (other) => other === b), true);
  equal(group.hasOther(a, () => false), false);
});

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`a share is fair while members come and go: between two changes no two differ by more than one, seed ${seed}`, () => {
    const random = new Random(seed);
    const group = new ShareGroup(FILTER);
    const clients = Array.from({ length: 8 }, (_, i) => aClient(`client ${i}`));
    const members = new Set(clients.slice(0, 3));
    for (const client of members) group.set(client, aSubscription(FILTER));
    for (let change = 0; change < 100; change++) {
      const counts = new Map([...members].map((client) => [client, 0]));
      for (let i = random.int(40); i > 0; i--) {
        const { client } = pick(group)!;
        counts.set(client, counts.get(client)! + 1);
      }
      const all = [...counts.values()];
      equal(Math.max(...all) - Math.min(...all) <= 1, true, `${all}`);
      const client = random.pick(clients);
      if (!members.has(client)) {
        members.add(client);
        group.set(client, aSubscription(FILTER));
      } else if (members.size > 1) {
        members.delete(client);
        group.delete(client);
      }
    }
  });
}

function pick(group: ShareGroup) {
  return group.pick(() => 3);
}
