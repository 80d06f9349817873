// A device: a browser context of its own with the page open, and everything on it that must not happen.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const PATIENCE_MS = 20_000;

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export class Device {
  /** What the page did wrong: exceptions and breaches of the content security policy. */
  faults = [];
  /** The live stream's messages, both ways, in order: `{socket, sent}` or `{socket, received}`. */
  frames = [];

  static async open(browser, url, options = {}) {
    const device = new Device();
    device.context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      reducedMotion: "reduce",
      ...options,
    });
    device.context.setDefaultTimeout(PATIENCE_MS);
    const page = (device.page = await device.context.newPage());
    page.on("pageerror", (error) => device.faults.push(`exception: ${error.message}`));
    page.on("console", (message) => {
      if (/content security policy/i.test(message.text())) device.faults.push(message.text());
    });
    let sockets = 0;
    page.on("websocket", (opened) => {
      const socket = ++sockets;
      opened.on("framesent", ({ payload }) =>
        device.frames.push({ socket, sent: JSON.parse(payload) }),
      );
      opened.on("framereceived", ({ payload }) =>
        device.frames.push({ socket, received: JSON.parse(payload) }),
      );
    });
    device.url = url;
    return device;
  }

  async visit() {
    this.response = await this.page.goto(this.url);
  }

  async register(email, password) {
    await this.page.getByRole("button", { name: "New here? Create an account" }).click();
    await this.#credentials(email, password, "Create account");
  }

  async sign_in(email, password) {
    await this.#credentials(email, password, "Sign in");
  }

  async #credentials(email, password, button) {
    await this.page.getByLabel("E-mail").fill(email);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: button, exact: true }).click();
  }

  /** Waits until the connection indicator says so. */
  async connection(state) {
    await this.page.locator(`#connection[data-state="${state}"]`).waitFor();
  }

  async choose_exercise(query) {
    await this.page.getByLabel("Exercise", { exact: true }).fill(query);
    await this.page.getByRole("listbox", { name: "Exercises" }).waitFor();
    await this.page.keyboard.press("Enter");
  }

  /** Fills the form and logs; says nothing of the outcome. */
  async log({ weight = "", reps, rpe = "" }) {
    await this.page.getByLabel("Weight").fill(weight);
    await this.page.getByLabel("Reps").fill(reps);
    await this.page.getByLabel("RPE").fill(rpe);
    await this.page.getByRole("button", { name: "Log set" }).click();
  }

  /** What the sets of the page say, in order, once there are `count` in that state. */
  async sets(count, state = "stored") {
    const lines = this.page.locator(`.set[data-state="${state}"]`);
    await this.page.waitForFunction(
      ([wanted, of]) => document.querySelectorAll(`.set[data-state="${of}"]`).length === wanted,
      [count, state],
    );
    return lines.locator(".effort").allTextContents();
  }

  /** Keeps a picture in the folder SPOTTER_SHOTS, where there is one. */
  async picture(name) {
    const folder = process.env.SPOTTER_SHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`), caret: "initial" });
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }
}
