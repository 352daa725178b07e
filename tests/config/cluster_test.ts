import { deepEqual, equal, throws } from "node:assert/strict";
import { parseNatsPlaces } from "../../lib/config/mod.ts";
import { load, problems } from "./support.ts";

Deno.test("without a cluster line there is none, and what belongs to one is said to do nothing", () => {
  const config = load({ file: "cluster_name plant\n" });
  equal(config.cluster, undefined);
  equal(config.notes.some(({ text }) => text.includes("cluster_name: Has no effect")), true);
});

Deno.test("a cluster has servers, a name and a node", () => {
  const file = "cluster nats://n1,tls://[::1]:5222\ncluster_node b-1\ncluster_replicas 3\n";
  const { cluster, notes } = load({ file });
  deepEqual(cluster?.places, [
    { hostname: "n1", port: 4222, isTls: false },
    { hostname: "::1", port: 5222, isTls: true },
  ]);
  deepEqual([cluster?.name, cluster?.node, cluster?.replicas], ["flux", "b-1", 3]);
  equal(notes.some(({ text }) => text.startsWith("cluster: Is experimental")), true);
});

const wrong: [lines: string, line: number, option: string, says: RegExp][] = [
  ["cluster n1:4222", 1, "cluster", /Must be nats:\/\/HOST:PORT/],
  ["cluster nats://n1,http://n2", 1, "cluster", /is "http:\/\/n2"/],
  ["cluster nats://u:p@n1", 1, "cluster", /cluster_password_file/],
  ["cluster nats://n1\ncluster_name a.b", 2, "cluster_name", /letters, digits/],
  ["cluster nats://n1\ncluster_node a*", 2, "cluster_node", /letters, digits/],
  ["cluster nats://n1\ncluster_replicas 2", 2, "cluster_replicas", /1, 3 or 5/],
  ["cluster nats://n1\ncluster_username u", 2, "cluster_username", /together/],
  [
    "cluster nats://n1\ncluster_token_file t\ncluster_nkey_file n",
    3,
    "cluster_nkey_file",
    /Cannot be used with cluster_token_file/,
  ],
  [
    "cluster nats://n1\ncluster_node b-1\nconnection far\naddress far.example\ntopic #",
    3,
    "remote_clientid",
    /Is needed in a cluster, the same at each node.*or `bridge_node` names the node that has it$/,
  ],
  [
    "cluster nats://n1\ncluster_node b-1\nconnection far\naddress far.example\ntopic #\n" +
    "remote_clientid r\nbridge_node b-1 b-2\nlocal_cleansession true",
    8,
    "local_cleansession",
    /Cannot be true in a cluster where the bridge has no node of its own: `bridge_node` names it$/,
  ],
];
for (const [lines, line, option, says] of wrong) {
  Deno.test(`"${lines.split("\n").at(-1)}" is refused, with its line`, () => {
    const found = problems({ file: `${lines}\n` });
    equal(found.length, 1, found.join("\n"));
    equal(new RegExp(`:${line}: ${option}: `).test(found[0]!), true, found[0]);
    equal(says.test(found[0]!), true, found[0]);
  });
}

for (
  const text of [
    "",
    "nats://",
    "nats://h:0",
    "nats://h/x",
    "nats://h?x",
    "nats://h#x",
    "nats://h:99999",
  ]
) {
  Deno.test(`parseNatsPlaces() refuses "${text}"`, () => {
    throws(() => parseNatsPlaces(text), TypeError);
  });
}

Deno.test("of the nodes of a cluster the one that bridge_node names has the bridge", () => {
  const block = "connection far\naddress far.example\ntopic #\nbridge_node b-1\n";
  const bridgesOf = (lines: string) => {
    const { bridges, otherBridges } = load({ file: `${lines}${block}` });
    return [bridges.length, otherBridges.length];
  };
  deepEqual(bridgesOf("cluster nats://n1\ncluster_node b-1\n"), [1, 0]);
  deepEqual(bridgesOf("cluster nats://n1\ncluster_node b-2\n"), [0, 1]);
  deepEqual(bridgesOf(""), [1, 0]);
  const { notes } = load({ file: `cluster nats://n1\ncluster_node b-2\n${block}` });
  equal(
    notes.some(({ text }) => text === "connection far: Is at the node b-1, and not here"),
    true,
  );
});

Deno.test("a bridge with a Client Identifier of its own may be at any node, or at those that bridge_node names", () => {
  const block = "connection far\naddress far.example\ntopic #\nremote_clientid r\n";
  const at = (node: string, lines: string) =>
    load({ file: `cluster nats://n1\ncluster_node ${node}\n${block}${lines}` });
  deepEqual(at("b-1", "").bridges.map(({ options }) => options.nodes), [[]]);
  const some = at("b-2", "bridge_node b-1  b-2\n");
  deepEqual(some.bridges.map(({ options }) => options.nodes), [["b-1", "b-2"]]);
  const { bridges, notes } = at("b-3", "bridge_node b-1 b-2\n");
  deepEqual(bridges, []);
  const text = "connection far: Is at one of the nodes b-1, b-2, and not here";
  equal(notes.some((note) => note.text === text), true);
});
