/** Every exit status with its meaning, for the man page. Scripts and systemd depend on them. */
export const EXIT_TEXTS: readonly (readonly [status: number, text: string])[] = [
  [0, "All went well."],
  [
    1,
    "Something failed while running: a port that is taken, a store that cannot be opened; explain-acl: no.",
  ],
  [2, "The command line is not understood."],
  [3, "The configuration, or a file that it names, is not valid."],
  [10, "pub, sub, rr, health: the broker's name has no address."],
  [11, "The same: nothing listens there, or the network does not reach it."],
  [12, "The same: no answer in time."],
  [13, "The same: the broker's certificate is not trusted, or ours is not."],
  [14, "The same: the broker refuses the connection."],
  [15, "The same: the broker refuses the user name, the password, or the right to do this."],
  [16, "The same: the answer breaks the rules of MQTT."],
  [17, "The same: the connection ended."],
  [27, "sub, rr: -W has passed, as in mosquitto's clients."],
];
