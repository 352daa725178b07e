import { strict as assert } from "node:assert";

/**
 * Which suites run over two nodes of a cluster as well, so that what publishes comes to one of them and what subscribes to the other: in the
 * same file (`here`), in another one, or not (`none: REASON`).
 */
const SUITES: readonly (readonly [file: string, proves: string, where: string])[] = [
  ["access", "users and rules in mosquitto's files", "here"],
  [
    "acl_mosquitto",
    "random rules mean what they mean to mosquitto",
    "none: no broker of ours runs",
  ],
  ["beside_mosquitto", "packets are answered as mosquitto answers them", "two_nodes_beside"],
  [
    "bridge_wire_mosquitto",
    "what a bridge sends to a remote broker",
    "none: a bridge is at one node; what it carries of others is in two_nodes_bridge",
  ],
  ["broker_programs", "the list of mosquitto's broker tests", "none: it is a list"],
  ["browser", "mqtt.js in a browser", "here"],
  ["clients", "mqtt.js and Paho for Python", "two_nodes"],
  ["crowd", "many clients hear one another", "two_nodes"],
  ["dynsec", "what mosquitto_ctrl changes", "two_nodes_dynsec"],
  ["dynsec_commands", "commands are answered as mosquitto's plugin answers them", "here"],
  ["dynsec_rights", "random roles mean what they mean to it", "none: no broker of ours runs"],
  ["guide_tls", "the guide's certificates, and listeners of TLS", "here"],
  ["mosquitto", "mosquitto's clients in all versions", "two_nodes"],
  [
    "mosquitto_bridge",
    "a bridge of mosquitto's while either side is killed",
    "two_nodes_bridge",
  ],
  ["mosquitto_file", "a file for both brokers", "none: it is about reading a file"],
  ["mosquitto_killed", "a bridge to a mosquitto that is killed", "here"],
  ["mosquitto_programs", "mosquitto's tests of its client commands", "here"],
  ["mosquitto_properties", "which properties a line may have", "none: it reaches no broker"],
  ["our_bridge", "a bridge to mosquitto, both ways", "here"],
  ["paho_c", "Paho in C over a WebSocket", "two_nodes"],
  ["retain_source", "retained messages of publishers that lost their right", "here"],
  ["retain_source_dynsec", "the same under dynamic security", "here"],
  ["transports", "WebSockets, TLS and client certificates", "here"],
  ["two_nodes", "clients at two nodes", "here"],
  ["two_nodes_access", "TLS, users and rules at two nodes", "here"],
  ["two_nodes_beside", "packets at two nodes are answered as at one", "here"],
  ["two_nodes_bridge", "a bridge at one node carries what is at the other", "here"],
  ["two_nodes_bridge_moves", "a bridge whose node dies goes on at another one", "here"],
  ["two_nodes_dynsec", "dynamic security at two nodes", "here"],
  ["two_nodes_suites", "this list", "none: it is a list"],
  ["two_nodes_whole_files", "a file of many listeners at two nodes", "here"],
  [
    "whole_files_mosquitto",
    "a file of many listeners, and what is kept over restarts",
    "two_nodes_whole_files",
  ],
];

/** What a file has that starts two nodes. */
const STARTS = /\b(TwoNodes|startNode|STANDS|LOCAL_STANDS|LocalNodes|twoEnds)\b/;

Deno.test("each suite runs over two nodes as well, or it is said why not", () => {
  const folder = new URL("./", import.meta.url);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith("_test.ts")).map((name) => name.replace("_test.ts", ""));
  assert.deepEqual(SUITES.map(([file]) => file), files.toSorted());
  for (const [file, , where] of SUITES) {
    if (where.startsWith("none: ")) continue;
    const name = where === "here" ? file : where;
    const text = Deno.readTextFileSync(new URL(`${name}_test.ts`, folder));
    assert.match(text, STARTS, `${file}: ${name}`);
  }
});
