import { longTest } from "../support/long.ts";
import {
  LONGER,
  PLAIN,
  testFound,
  testSeeds,
  WITH_ABSENCES,
  WITH_EXPIRIES,
  WITH_SHARE,
  WITH_SHARE_AND_EXPIRIES,
} from "./cluster/seeds.ts";

testFound(PLAIN, [
  [
    6,
    "a PUBREL whose record stood behind a move was never told again: the next message under its Packet Identifier was lost",
  ],
  [
    17,
    "a will was written before the node took part: all its records behind that one were ignored for ever",
  ],
  [69, "a node that others took for dead published a will that its heir had published"],
  [
    78,
    "a will that had moved to another node was in the store, and came once more after a restart",
  ],
  [
    121,
    "a node that was paused published a will of before, because a later connection had come to it",
  ],
  [
    191,
    "a Packet Identifier in flight for a retained message was used again by another node: a message was lost",
  ],
  [
    232,
    "one in flight for a message that the node did not have was used again: a message was lost",
  ],
]);

testFound(LONGER, [
  [32807, "a node that came back published the will of a session that had ended elsewhere"],
  [31996, "a process published a will again that the one before it had put into the log"],
  [33247, "a CONNECT that came late, and had no connection any more, cancelled a later one's will"],
  [33611, "a node's own store had forgotten a will before the log had it"],
  [31917, "a node forgot by a restart whose a session is that begins anew"],
  [40112, "a node forgot by a restart that it had a session, before the log had its end"],
  [
    42132,
    "what a node said of a session before it began anew there stood behind that: its will came once more",
  ],
  [42749, "a will whose end did not count stayed in the store, and came once more"],
  [105264, "a simulated client that was refused a subscription never asked again"],
  [
    44390,
    "of two connections that waited for the log the first went on, and its session had ended",
  ],
  [
    203091,
    "a node that was taken for dead had dropped a will, and its heir died before that was due",
  ],
  [
    925932,
    "a message that its node had refused came when its client sent it again: the check took that for out of order",
  ],
  [929849, "a simulated client connected elsewhere while its Clean Start was on the wire"],
  [
    910214,
    "the check did not know that a subscription had ended, and its successor was on its way",
  ],
]);

testFound(WITH_EXPIRIES, [
  [130022, "a session that had ended began again by a late word of its node"],
  [130125, "and so what its client published at another one did not count"],
  [130063, "a simulated client did not know that its last Clean Start was still on its way"],
  [
    621358,
    "a connection that its client had left was let in late: the check took its will for due",
  ],
]);

testFound(WITH_ABSENCES, [
  [
    702621,
    "a node was killed after an UNSUBSCRIBE that its store had, and the log had not: others heard of it no more",
  ],
]);

testFound(WITH_SHARE, [
  [26, "what the last member of a node left nobody took: the other node had started anew"],
  [45, "between a member's leaving one node and its arrival at another messages found nobody"],
  [88, "a node was given a message that its own word, written before, counted as done with"],
  [383, "a node that had not said its hello was to know of a message that it had forgotten"],
  [377, "a member got QoS 2 while another one's move was applied: its exchange never ended"],
  [180, "a node that was taken for dead sent a message of QoS 2 that another one had been given"],
  [
    2,
    "what a member of a dead node had in flight with QoS 1 came once more to another node, and went on as QoS 2",
  ],
  [
    2414,
    "a shared message in memory stood before one that was in the store alone: other nodes took that one for done with",
  ],
  [791, "a node without members told others to forget what its earlier process had had"],
  [1096, "the first word of a node that has started anew was taken for one of the log's beginning"],
  [
    110168,
    "a node said that it had no member, and had got one that it did not know of: what waited found nobody",
  ],
  [110457, "and so did what was published just then"],
  [
    10094,
    "a session ended elsewhere before its node was back: what it had of the share nobody got",
  ],
  [110226, "sessions had gone while their node was away: it did not say where to"],
  [10774, "and nobody was left to get what it had had"],
  [10906, "and so with another member"],
  [
    112500,
    "both nodes were killed while a message went from one to the other, which is a limit, too",
  ],
  [115015, "and one of them while the other was away for longer"],
  [
    302787,
    "a client went to another node, which was killed, and came back: an exchange of QoS 2 never ended",
  ],
  [303361, "and so with another one"],
  [
    303523,
    "two claims of a client in one record: a will that its node said between them stayed at the others, and came once more",
  ],
  [331819, "a shared message of QoS 2 came out of order after a move from node to node"],
  [332446, "one came twice, when its node had started anew"],
  [332532, "a node did not know after a restart what a dead one had to deliver"],
  [332698, "and so with another one"],
  [701653, "a member's session had come to a node that had not said so: messages found nobody"],
  [
    710666,
    "a node sent what it had in flight itself before what it had heard of another one's: out of order",
  ],
  [351093, "the claim of a client that was long gone ended its session at another node"],
  [10818, "all nodes were killed, and a member had no session: the check did not know that limit"],
]);

testFound(WITH_SHARE_AND_EXPIRIES, [
  [
    7220079,
    "a node that had begun again knew a shared subscription that the log did not have: it took another node for one with a new member",
  ],
  [7220385, "and so with another one"],
]);

/** The first test always runs. More seeds follow in `cluster_more_test.ts`. */
for (const [first, last] of [[0, 9], [10, 99], [100, 199]] as const) {
  testSeeds(PLAIN, first, last, first === 0 ? Deno.test : longTest);
  testSeeds(WITH_SHARE, first, last);
  testSeeds(WITH_EXPIRIES, first, last);
  testSeeds(WITH_ABSENCES, first, last);
}
