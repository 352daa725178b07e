import { strict as assert } from "node:assert";
import { filter, PageTest, pageTest, picture } from "./support.ts";

pageTest(
  "a journey: follow, publish, see it arrive, chart it, delete what is retained",
  async (chromium) => {
    await using test = await PageTest.start(chromium);
    const page = await test.open("messages");
    await page.type("Topic Filter", "garden/#");
    await page.click("Follow");
    await page.untilText("Messages appear here as they are published");
    await page.type("Topic", "garden/pond/level");
    await page.type("Payload", '{"level": 41, "pump": true}');
    await page.evaluate(`document.querySelector("[name=qos]").value = "1"`);
    await page.click("Retain");
    await page.click("Publish");
    await page.untilText("Published to garden/pond/level");
    await page.until("document.querySelector('.message')?.innerText.includes('garden/pond/level')");
    await page.click("css .message > summary");
    await page.untilText("level: 41");
    await picture(page, "journey-messages");

    await page.evaluate(`location.hash = "#/topics"`);
    await page.click("garden");
    await page.click("pond");
    await page.click("level");
    await page.untilText("retained");
    await page.untilText("level: 41");
    for (const level of [42, 44, 43]) {
      const payload = new TextEncoder().encode(JSON.stringify({ level }));
      test.broker.server.hub.publish({ topicName: "garden/pond/level", payload, retain: true });
    }
    await page.untilText("41 to 44");
    await picture(page, "journey-topics");
    assert.equal(test.broker.server.broker.core.retained.size, 1);
    await page.click("Delete retained");
    await page.untilText("garden/pond/level has no retained message any more");
    assert.equal(test.broker.server.broker.core.retained.size, 0);
    assert.deepEqual(page.errors, []);
  },
);

pageTest("a journey: find a client, sort, kick it", async (chromium) => {
  await using test = await PageTest.start(chromium);
  const pump = await test.fill();
  const page = await test.open("clients");
  await page.untilText("meter-3");
  await page.click("Subs");
  await page.until("document.querySelector('tbody a')?.textContent === 'pump-7'");
  await page.type("Search clients", "pump");
  await page.until("document.querySelectorAll('tbody a').length === 1");
  await page.click("css tbody a");
  await page.untilText("cmd/pump-7");
  await page.untilText("Nothing has happened");
  await pump.subscribe([filter("late/#", 1)]);
  await page.untilText("Subscribed to late/#: QoS 1");
  await page.click("Disconnect");
  await page.untilText("pump-7 is disconnected");
  await page.untilText("There is no such session any more");
  assert.equal(test.broker.server.broker.clients.has("pump-7"), false);
  // The look for a session that has gone is answered with 404, which the browser tells.
  assert.deepEqual(page.errors.filter((error) => !error.includes("404")), []);
}, true);

pageTest("a viewer logs in, looks, and is refused what changes something", async (chromium) => {
  await using test = await PageTest.start(chromium, {
    users: { alice: "secret", bob: "hidden" },
    acl:
      "topic readwrite plant/#\nuser bob\ntopic read home/#\nuser alice\ntopic readwrite home/#\n",
    listener: { admins: ["alice"], viewers: ["bob"] },
  });
  const page = await test.open();
  await page.type("User", "bob");
  await page.type("Password", "wrong");
  await page.click("css button.main");
  await page.untilText("The user name or the password is wrong");
  await picture(page, "log-in");
  await page.type("Password", "hidden");
  await page.press("Enter");
  await page.untilText("Messages in");
  await page.untilText("viewer");
  await page.evaluate(`location.hash = "#/messages"`);
  await page.untilText("A viewer may look, but change nothing");
  assert.equal(
    await page.evaluate(
      "[...document.querySelectorAll('button')].find((button) => button.textContent === 'Publish').disabled",
    ),
    true,
  );
  const status = await page.evaluate(`fetch("/api/v1/publish", {
    method: "POST",
    headers: { "content-type": "application/json", "x-flux-mqtt": "page" },
    body: JSON.stringify({ topic: "home/a", payload: "x" }),
  }).then((response) => response.status)`);
  assert.equal(status, 403);
  await page.evaluate(`location.hash = "#/access"`);
  await page.type("User", "bob");
  await page.type("Topic", "home/a");
  await page.click("Explain");
  await page.untilText("No: User bob may not publish to home/a");
  await page.click("Log out");
  await page.untilText("Password");
});

pageTest(
  "more messages than one can read are counted, and some of them shown",
  async (chromium) => {
    await using test = await PageTest.start(chromium);
    const page = await test.open("messages");
    await page.type("Topic Filter", "flood/#");
    await page.click("Follow");
    await page.untilText("Messages appear here as they are published");
    const { hub } = test.broker.server;
    const payload = new TextEncoder().encode("1");
    const flood = setInterval(() => {
      for (let i = 0; i < 100; i++) hub.publish({ topicName: `flood/${i}`, payload });
    }, 50);
    try {
      await page.until("/[\\d,]+\\/s, [\\d,]+\\/s not shown/.test(document.body.innerText)");
      await page.until("document.querySelector('.message')?.innerText.includes('flood/99')");
    } finally {
      clearInterval(flood);
    }
    assert.deepEqual(page.errors, []);
  },
  true,
);
