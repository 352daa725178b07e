import { strict as assert } from "node:assert";
import { load } from "./support.ts";

/**
 * Files as people write them: what guides for Docker, Home Assistant, cloud services and gateways have, and how lines of them are laid out. The
 * real mosquitto 2.0.11 starts with each of them that is not marked.
 */

/** mosquitto 2.0.11 refuses such a file; here it may stay. */
const OURS_ALONE = "refused by mosquitto";
const CERTIFICATE = "certfile /etc/mosquitto/server.crt\nkeyfile /etc/mosquitto/server.key\n";
const OPEN = "listener 1883\nallow_anonymous true\n";

// deno-fmt-ignore
const FOUND: readonly (readonly [what: string, file: string, doors: readonly string[], bridges?: readonly string[], mark?: typeof OURS_ALONE])[] = [
  ["a broker in a container", "persistence true\npersistence_location /mosquitto/data/\nlog_dest file /mosquitto/log/mosquitto.log\nlistener 1883\n\n## Authentication ##\nallow_anonymous false\npassword_file /mosquitto/config/password.txt\n", ["1883 nobody"]],
  ["comments behind listeners", "allow_anonymous true\nlistener 1883 0.0.0.0 # MQTT\nlistener 9001 # browsers\nprotocol websockets # too\n", ["1883 anonymous", "9001 anonymous ws"]],
  ["comments behind values", `${OPEN}max_connections -1          # no limit\nmessage_size_limit 10485760  # 10 MB\nautosave_interval 60          # each minute\nlog_type subscribe         # who wants what\nconnection_messages true   # yes\npersistent_client_expiration 7d # a week\n`, ["1883 anonymous"]],
  ["more spaces than one", "allow_anonymous     true\nlistener        1883 0.0.0.0\nlistener        9001 0.0.0.0\nprotocol  websockets\nlog_dest        file /mosquitto/log/mosquitto.log\n", ["1883 anonymous", "9001 anonymous ws"]],
  ["spaces at the ends", "listener 1883 \nallow_anonymous true \nlog_type all \n", ["1883 anonymous"]],
  ["line endings of Windows", "listener 1883\r\nallow_anonymous true\r\n\r\n# x\r\npersistence true\r\n", ["1883 anonymous"]],
  ["tabs", "listener\t1883\nallow_anonymous\ttrue\n\tlog_dest stdout\n", ["1883 anonymous"], [], OURS_ALONE],
  ["a byte order mark", `\ufeff# x\n${OPEN}`, ["1883 anonymous"], [], OURS_ALONE],
  ["TLS alone, with a comment behind a path's line", `per_listener_settings true\n# --- TLS ---\nlistener 8883\nprotocol mqtt\ncafile  /mosquitto/certs/ca.crt\n${CERTIFICATE}tls_version tlsv1.2\nallow_anonymous false\npassword_file /mosquitto/config/passwd\n`, ["8883 nobody tls"]],
  ["two listeners with users of their own", `per_listener_settings true\nlistener 1883 127.0.0.1\nallow_anonymous true\nlistener 8883\n${CERTIFICATE}allow_anonymous false\npassword_file /p\nacl_file /a\n`, ["1883 anonymous", "8883 nobody tls"]],
  ["general options below a listener", "per_listener_settings true\nmax_queued_messages 10000\nset_tcp_nodelay true\nlistener 1883 0.0.0.0\nprotocol mqtt\nmax_qos 1\npersistence false\nretain_available false\npersistent_client_expiration 1h\nallow_anonymous false\nacl_file /a\npassword_file /p\n", ["1883 nobody"]],
  ["the default listener behind its options, and another", `per_listener_settings true\nautosave_interval 0\nqueue_qos0_messages true\npassword_file /p\nallow_anonymous false\n\nport 1883\nbind_address localhost\n\nlistener 8883 0.0.0.0\nuse_identity_as_username true\ncafile /ca\n${CERTIFICATE}require_certificate true\n`, ["1883 nobody", "8883 nobody tls"]],
  ["port with certificates", `port 8883\ncafile /ca\n${CERTIFICATE}require_certificate true\nuse_identity_as_username true\n`, ["8883 nobody tls"]],
  ["WebSockets over TLS beside MQTT", `listener 1883 127.0.0.1\nlistener 8443\nprotocol websockets\n${CERTIFICATE}allow_anonymous false\npassword_file /p\n`, ["1883 nobody", "8443 nobody ws tls"]],
  ["certificates of an authority of the system", `listener 8883\ncapath /etc/ssl/certs\n${CERTIFICATE}allow_anonymous true\n`, ["8883 anonymous tls"]],
  ["options of long ago", "allow_anonymous false\nautosave_interval 1800\nconnection_messages true\nlog_timestamp true\npersistence_file mosquitto.db\npersistent_client_expiration 1m\nretained_persistence true\nrequire_certificate false\nlistener 1883\nprotocol mqtt\nretry_interval 20\n", ["1883 nobody"]],
  ["limits that are none", `${OPEN}max_inflight_messages 40\nmax_queued_messages 0\nmessage_size_limit 0\nmax_keepalive 65535\nmax_connections -1\nmax_inflight_bytes 0\nmax_queued_bytes 0\nmemory_limit 0\n`, ["1883 anonymous"]],
  ["a phone's tracker", "listener 8883\npersistence_location /home/pi/\nlog_timestamp_format %Y-%m-%dT%H:%M:%S\nlog_dest syslog\nlog_dest stdout\nlog_type error\nlog_type debug\nallow_anonymous false\nallow_duplicate_messages false\nallow_zero_length_clientid false\n", ["8883 nobody"]],
  ["a Unix socket beside", "listener 0 /run/mosquitto.sock\nallow_anonymous true\nlistener 1883\n", ["0 anonymous", "1883 anonymous"]],
  ["a bridge to a cloud, with certificates", `${OPEN}connection awsiot\naddress xxxx-ats.iot.eu-central-1.amazonaws.com:8883\ntopic # out 0 "" $aws/things/thing/shadow/name/\ntopic a_to_b in 1\ntopic both_directions both 1\nbridge_protocol_version mqttv311\nbridge_insecure false\ncleansession true\nclientid bridgeawsiot\nstart_type automatic\nnotifications false\nlog_type all\nbridge_cafile /ca\nbridge_certfile /c\nbridge_keyfile /k\n`, ["1883 anonymous"], ["awsiot"]],
  ["a bridge to a cloud, with a comment behind its name", `${OPEN}connection azureiot-bridge # my name\naddress hub.azure-devices.net:8883\nremote_username hub.azure-devices.net/dev/?api-version=2021-04-12\nremote_password SharedAccessSignature sr=hub&sig=abc%3D&se=1\nremote_clientid dev\nbridge_cafile /ca\ntry_private false\ncleansession true\nnotifications false\ntopic devices/dev/messages/events/# out 1\n`, ["1883 anonymous"], ["azureiot-bridge"]],
  ["a bridge with the broker's options in its block", `${OPEN}connection c\naddress h.example:1883\ntopic t out 1 "" ""\nbridge_attempt_unsubscribe false\nkeepalive_interval 15\nrestart_timeout 10 30\nmax_queued_messages 10000\nautosave_interval 300\nqueue_qos0_messages true\nmax_inflight_messages 10\nremote_username u\nremote_password p\nbridge_capath /etc/ssl/certs/\nbridge_insecure true\n`, ["1883 anonymous"], ["c"]],
  ["a bridge to a television, by the old names", `${OPEN}connection tv\naddress 192.0.2.7:36669\nusername u\npassword p\nclientid tv\nkeepalive_interval 5\nbridge_cafile /ca\nbridge_insecure true\nbridge_tls_version tlsv1.2\ntry_private false\nstart_type automatic\nrestart_timeout 5\ntopic +/remoteapp/# both\n`, ["1883 anonymous"], ["tv"]],
  ["a bridge in front of the listeners, to two addresses", `connection b\naddresses one.example:1883 two.example:1884\nround_robin true\ntopic # both 2 l/ r/\ntopic "" out 1 tele/energy remote/energy\nnotifications false\n\n${OPEN}`, ["1883 anonymous"], ["b"]],
  ["a lazy bridge", "connection a\naddress one.example\ntopic a/# out\nstart_type lazy\nidle_timeout 60\nthreshold 10\nnotification_topic bridge/a\n", ["1883 anonymous"], ["a"]],
];

for (const [what, file, doors, bridges = [], mark] of FOUND) {
  const name = `a file of mosquitto as people write it: ${what}`;
  Deno.test(mark === undefined ? name : `${name} (${mark})`, () => {
    const config = load({ file });
    const shown = config.listeners.map(({ port, protocol, tls, options: { allowAnonymous } }) =>
      [
        port,
        allowAnonymous ? "anonymous" : "nobody",
        ...protocol === "websockets" ? ["ws"] : [],
        ...tls === undefined ? [] : ["tls"],
      ].join(" ")
    );
    assert.deepEqual(shown, doors);
    assert.deepEqual(config.bridges.map(({ options }) => options.name), bridges);
  });
}
