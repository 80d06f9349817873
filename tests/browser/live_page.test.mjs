// The live page in headless Chromium: two devices of one user, a lost network, and what a person who
// sees little or has no mouse needs.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";

import { complaints } from "./accessibility.mjs";
import { Device, launch } from "./device.mjs";
import { find_server, missing } from "./server.mjs";

const DESK = { viewport: { width: 1280, height: 800 }, colorScheme: "dark" };
const email = () => `browser-${randomBytes(6).toString("hex")}@example.org`;
const password = randomBytes(18).toString("base64url");

describe("the live page", { skip: missing ?? false }, () => {
  let server;
  let browser;
  let phone; // logs
  let desk; // watches
  const address = email();

  before(async () => {
    server = await find_server();
    browser = await launch();
    phone = await Device.open(browser, server.url);
    desk = await Device.open(browser, server.url, DESK);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("comes with a policy that allows nothing from elsewhere", async () => {
    await phone.visit();
    const policy = phone.response.headers()["content-security-policy"] ?? "";
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
    ]) {
      assert.ok(policy.includes(part), `${part} is missing in: ${policy}`);
    }
    assert.ok(!policy.includes("unsafe"), policy);
    assert.deepEqual(await complaints(phone.page), []);
    await phone.picture("phone-1-gate");
  });

  it("says beside the field what is wrong with a registration", async () => {
    await phone.register(address, "abc");
    await phone.page.locator("#password-error:not(:empty)").waitFor();
    assert.equal(await phone.page.getByLabel("Password").getAttribute("aria-invalid"), "true");
    assert.deepEqual(await complaints(phone.page), []);
    await phone.picture("phone-2-refused");
  });

  it("registers, and goes live", async () => {
    await phone.page.getByLabel("Password").fill(password);
    await phone.page.getByRole("button", { name: "Create account", exact: true }).click();
    await phone.page.getByRole("heading", { name: "No workout running" }).waitFor();
    await phone.connection("live");
    assert.deepEqual(await complaints(phone.page), []);
    await phone.picture("phone-3-idle");
  });

  it("refuses a wrong password in words", async () => {
    await desk.visit();
    await desk.sign_in(address, "not the password");
    await desk.page.locator("#auth [data-form-error]:not(:empty)").waitFor();
    assert.deepEqual(await complaints(desk.page), []);
    await desk.sign_in(address, password);
    await desk.connection("live");
  });

  it("shows a workout on the other device as soon as it starts", async () => {
    await phone.page.getByLabel("Title").fill("Push day");
    await phone.page.getByRole("button", { name: "Start workout" }).click();
    await phone.page.getByRole("heading", { name: "Push day" }).waitFor();
    await desk.page.getByRole("heading", { name: "Push day" }).waitFor();
    assert.deepEqual(await complaints(phone.page), []);
  });

  it("shows each set on the other device, in order", async () => {
    await phone.choose_exercise("bench press");
    await phone.log({ weight: "60", reps: "10" });
    await phone.log({ weight: "80", reps: "8", rpe: "7" });
    await phone.log({ weight: "102,5", reps: "5", rpe: "8.5" });
    const wanted = ["60 kg × 10", "80 kg × 8", "102.5 kg × 5"];
    assert.deepEqual(await phone.sets(3), wanted);
    assert.deepEqual(await desk.sets(3), wanted);
    await desk.page.locator(".chip-record").first().waitFor();
    assert.deepEqual(await complaints(phone.page), []);
    assert.deepEqual(await complaints(desk.page), []);
    await phone.picture("phone-4-running");
    await desk.picture("desk-4-running");
  });

  it("asks for what is missing before it sends anything", async () => {
    await phone.log({ weight: "heavy", reps: "" });
    assert.match(await phone.page.locator("#weight-error").textContent(), /^Weight: /);
    assert.match(await phone.page.locator("#reps-error").textContent(), /^Reps: /);
    assert.deepEqual(await complaints(phone.page), []);
    await phone.picture("phone-5-field-errors");
    assert.equal((await phone.sets(3)).length, 3);
  });

  it("counts the rest down on both devices", async () => {
    await phone.page.getByLabel("Rest", { exact: true }).selectOption("3:00");
    await phone.log({ weight: "60", reps: "12" });
    for (const device of [phone, desk]) {
      await device.sets(4);
      await device.page.locator("#rest:not([hidden])").waitFor();
      assert.match(await device.page.locator("#rest-left").textContent(), /^[23]:\d\d$/);
    }
    await phone.page.getByLabel("Rest", { exact: true }).selectOption("");
  });

  it("resumes without a gap after the network was gone", async () => {
    await desk.context.setOffline(true);
    await desk.connection("waiting");
    await desk.picture("desk-6-offline");
    await phone.log({ weight: "62.5", reps: "11" });
    await phone.log({ weight: "65", reps: "10" });
    const wanted = await phone.sets(6);
    assert.equal((await desk.sets(4)).length, 4);
    const before = desk.frames.length;
    await desk.context.setOffline(false);
    assert.deepEqual(await desk.sets(6), wanted);
    await desk.connection("live");
    // The last attempt is the one that reached the server.
    const { socket, sent } = desk.frames
      .slice(before)
      .findLast((one) => one.sent?.type === "subscribe");
    const received = desk.frames
      .filter((one) => one.socket === socket && one.received)
      .map((one) => one.received);
    const answer = received.find(({ type }) => type === "subscribed");
    assert.equal(answer.recovered, true);
    assert.equal(answer.snapshot, undefined);
    const seqs = received
      .filter(({ type }) => type === "event")
      .map(({ position }) => position.seq);
    assert.ok(seqs.length >= 2);
    assert.deepEqual(
      seqs,
      seqs.map((_, i) => sent.since.seq + 1 + i),
    );
  });

  it("keeps a set that was logged without a network, and sends it once", async () => {
    await phone.context.setOffline(true);
    await phone.connection("waiting");
    await phone.log({ weight: "67.5", reps: "9" });
    assert.deepEqual(await phone.sets(1, "waiting"), ["67.5 kg × 9"]);
    assert.deepEqual(await complaints(phone.page), []);
    await phone.picture("phone-7-offline");
    await phone.context.setOffline(false);
    assert.equal((await phone.sets(7)).at(-1), "67.5 kg × 9");
    assert.equal((await desk.sets(7)).at(-1), "67.5 kg × 9");
  });

  it("does not double a set whose answer was lost", async () => {
    const third = await Device.open(browser, server.url);
    let swallowed = false;
    await third.page.routeWebSocket(/\/v1\/live$/, (client) => {
      const upstream = client.connectToServer();
      upstream.onMessage((text) => {
        const message = JSON.parse(text);
        const about_it = message.type === "ack" && message.data?.exercise_id;
        if (about_it && !swallowed) {
          swallowed = true;
          client.close({ code: 4000, reason: "cut by the test" });
        } else {
          client.send(text);
        }
      });
    });
    await third.visit();
    await third.sign_in(address, password);
    await third.sets(7);
    await third.choose_exercise("squat");
    await third.log({ weight: "140", reps: "3" });
    assert.equal((await third.sets(8)).at(-1), "140 kg × 3");
    await third.sets(0, "waiting");
    assert.ok(swallowed);
    assert.equal((await desk.sets(8)).at(-1), "140 kg × 3");
    await third.close();
  });

  it("stays signed in over a reload, and shows the same sets", async () => {
    const wanted = await desk.sets(8);
    await desk.page.reload();
    assert.deepEqual(await desk.sets(8), wanted);
  });

  it("fits a narrow phone", async () => {
    await phone.page.setViewportSize({ width: 360, height: 640 });
    assert.deepEqual(await complaints(phone.page), []);
    await phone.picture("phone-8-narrow");
  });

  it("ends on both devices with a summary", async () => {
    await phone.page.getByRole("button", { name: "Finish" }).click();
    const dialog = phone.page.getByRole("dialog", { name: "Finish this workout?" });
    assert.deepEqual(await complaints(phone.page), []);
    await dialog.getByRole("button", { name: "Finish" }).click();
    for (const device of [phone, desk]) {
      // The running workout is a region of the same name until the end reaches the page.
      const summary = device.page.locator("#summary");
      await summary.waitFor();
      assert.equal(await summary.getByRole("heading", { name: "Push day" }).count(), 1);
      assert.match(await summary.textContent(), /Sets8/);
      assert.deepEqual(await complaints(device.page), []);
    }
    assert.match(await phone.page.locator("#summary-figures").textContent(), /Volume/);
    await phone.picture("phone-9-summary");
    await desk.picture("desk-9-summary");
  });

  it("forgets the session at sign-out", async () => {
    await desk.page.getByRole("button", { name: "Sign out" }).click();
    await desk.page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await desk.page.evaluate(() => sessionStorage.length), 0);
    await desk.page.reload();
    await desk.page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  it("works with the keyboard alone", async () => {
    const { page } = phone;
    await page.getByRole("button", { name: "Sign out" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    const type = (text) => page.keyboard.type(text);
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await type(address);
    await press("Tab");
    assert.notEqual(
      await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle),
      "none",
    );
    await type(password);
    await press("Enter");
    await page.getByLabel("Title").waitFor();
    // The focus stands at the section's heading now.
    await press("Tab");
    await type("Keys only");
    await press("Enter");
    await page.getByRole("heading", { name: "Keys only" }).waitFor();
    await page.locator("#exercise:focus").waitFor();
    await type("deadlift");
    await page.getByRole("listbox", { name: "Exercises" }).waitFor();
    await press("ArrowDown", "ArrowUp", "Enter");
    await type("100");
    await press("Tab", "Tab");
    await type("5");
    await press("Enter");
    assert.deepEqual(await phone.sets(1), ["100 kg × 5"]);
  });

  it("did nothing that its policy forbids, and threw nothing", async () => {
    await phone.close();
    await desk.close();
  });
});
