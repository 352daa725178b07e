import {
  testFound,
  testMoreSeeds,
  WITH_LOST_DISKS,
  WITH_SHARE_AND_LOST_DISKS,
  WITH_SNAPSHOTS,
} from "./cluster/seeds.ts";

testFound(WITH_SNAPSHOTS, [
  [4, "a new node's second record counted before its first where the log had been shortened"],
  [
    311006,
    "what a node said between two claims of a client counted behind the second: a will came twice",
  ],
  [1723, "and so the same message was retained on some nodes alone"],
]);
testFound(WITH_LOST_DISKS, [
  [
    610192,
    "a node that read what its earlier process wrote published a will, because a session would be over by now",
  ],
  [
    611399,
    "a snapshot did not have the Packet Identifiers of retained messages in flight: a message was lost",
  ],
]);
testMoreSeeds(WITH_SNAPSHOTS, 0, 80, 40);
testMoreSeeds(WITH_LOST_DISKS, 0, 80, 40);
testFound(WITH_SHARE_AND_LOST_DISKS, [
  [
    410257,
    "a new node used a Packet Identifier again that a client held for another one's message",
  ],
  [410312, "and one that started from a snapshot"],
  [410346, "nodes did not agree on what waits for a member that is to come"],
]);
testMoreSeeds(WITH_SHARE_AND_LOST_DISKS, 0, 80, 40);
