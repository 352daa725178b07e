"""Connections of paho for Python, driven by lines of JSON on standard input.

Commands: {"client": number, "do": "connect" | "subscribe" | "unsubscribe" | "publish" | "disconnect"
| "drop", ...}. Each answer and each message is a line of JSON on standard output, with the client's
number. "drop" ends a connection without a DISCONNECT; the end of the input ends the process.
"""
import base64
import json
import os
import socket
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

VERSIONS = {3: mqtt.MQTTv31, 4: mqtt.MQTTv311, 5: mqtt.MQTTv5}
NAMES = {
    "userProperties": "UserProperty",
    "responseTopic": "ResponseTopic",
    "correlationData": "CorrelationData",
    "contentType": "ContentType",
    "messageExpiryInterval": "MessageExpiryInterval",
    "subscriptionIdentifier": "SubscriptionIdentifier",
    "topicAlias": "TopicAlias",
}
writing = threading.Lock()


def say(**event):
    with writing:
        print(json.dumps(event), flush=True)


def packed(packet_type, values):
    properties = Properties(packet_type)
    for name, value in values.items():
        if name == "correlationData":
            value = value.encode()
        if name == "userProperties":
            value = [tuple(pair) for pair in value]
        setattr(properties, NAMES[name], value)
    return properties


def unpacked(properties):
    values = {}
    for name, theirs in NAMES.items():
        if not hasattr(properties, theirs):
            continue
        value = getattr(properties, theirs)
        if name == "correlationData":
            value = value.decode()
        if name == "subscriptionIdentifier":
            value = value[0]
        values[name] = value
    return values


class Client:
    def __init__(self, number):
        self.number = number
        self.client = None
        self.is_five = False

    def say(self, **event):
        say(client=self.number, **event)

    def connect(self, port, clientId, protocolVersion, cleanStart, expiry, will):
        self.is_five = protocolVersion == 5
        clean = {} if self.is_five else {"clean_session": cleanStart}
        client = mqtt.Client(client_id=clientId, protocol=VERSIONS[protocolVersion], **clean)
        self.client = client
        client.on_connect = self.on_connect
        client.on_disconnect = self.on_disconnect
        client.on_subscribe = self.on_subscribe
        client.on_unsubscribe = lambda *_: self.say(event="unsuback")
        client.on_publish = lambda _client, _data, mid: self.say(event="published", mid=mid)
        client.on_message = self.on_message
        client.max_inflight_messages_set(100)
        if will is not None:
            client.will_set(will["topic"], will["payload"], will["qos"], will["retain"])
        options = {}
        if self.is_five:
            options["clean_start"] = cleanStart
            if expiry is not None:
                options["properties"] = Properties(PacketTypes.CONNECT)
                options["properties"].SessionExpiryInterval = expiry
        client.connect("127.0.0.1", port, keepalive=60, **options)
        client.loop_start()

    def subscribe(self, topicFilter, qos, init):
        if not self.is_five:
            self.client.subscribe(topicFilter, qos)
            return
        options = SubscribeOptions(
            qos=qos,
            noLocal=init.get("noLocal", False),
            retainAsPublished=init.get("retainAsPublished", False),
            retainHandling=init.get("retainHandling", 0),
        )
        identifier = init.get("subscriptionIdentifier")
        values = {} if identifier is None else {"subscriptionIdentifier": identifier}
        properties = packed(PacketTypes.SUBSCRIBE, values)
        self.client.subscribe(topicFilter, options=options, properties=properties)

    def unsubscribe(self, topicFilter):
        self.client.unsubscribe(topicFilter)

    def publish(self, topic, payload, qos, retain, properties):
        five = {"properties": packed(PacketTypes.PUBLISH, properties)} if self.is_five else {}
        self.client.publish(topic, base64.b64decode(payload), qos, retain, **five)

    def disconnect(self):
        self.client.disconnect()

    def drop(self):
        connection = self.client.socket()
        if connection is None:
            return
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The broker has ended it; on_disconnect tells.

    def on_connect(self, _client, _data, flags, reason, *_):
        self.say(event="connack", sessionPresent=flags["session present"] == 1, reasonCode=code(reason))

    def on_disconnect(self, _client, _data, reason, *_):
        # Without this paho would connect again.
        threading.Thread(target=self.client.loop_stop).start()
        # What is not a Reason Code is a number of paho's own: the connection broke.
        self.say(event="disconnect", reasonCode=getattr(reason, "value", 0))

    def on_subscribe(self, _client, _data, _mid, granted, *_):
        self.say(event="suback", reasonCode=code(granted[0]))

    def on_message(self, _client, _data, message):
        self.say(
            event="message",
            topic=message.topic,
            payload=base64.b64encode(message.payload).decode(),
            qos=message.qos,
            retain=bool(message.retain),
            properties=unpacked(getattr(message, "properties", None)),
        )


def code(reason):
    return getattr(reason, "value", reason)


clients = {}
for line in sys.stdin:
    command = json.loads(line)
    number = command.pop("client")
    if number not in clients:
        clients[number] = Client(number)
    getattr(clients[number], command.pop("do"))(**command)
os._exit(0)
