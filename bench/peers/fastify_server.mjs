// The same job as Spotter's, as one would write it with Fastify and pg: token check, validation, a
// set and its event in one statement, the answer. The database role bypasses row-level security.
//
// Environment: PEER_PORT, PEER_KEY (the server's signing key), PEER_PROCESSES, PEER_POOL (connections
// of each process), and libpq's PGHOST, PGUSER, PGDATABASE.

import cluster from "node:cluster";
import Fastify from "fastify";

import { Access } from "./access.mjs";
import { Training } from "./training.mjs";
import { finish_route, page_route, set_route, start_route } from "./schemas.mjs";

const processes = Number(process.env.PEER_PROCESSES ?? 1);

if (cluster.isPrimary && processes > 1) {
  let ready = 0;
  for (let i = 0; i < processes; ++i) cluster.fork().on("listening", () => ++ready === processes && say_ready());
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit(0);
  });
} else {
  await serve();
  if (cluster.isPrimary) say_ready();
}

function say_ready() {
  console.log("ready");
}

async function serve() {
  const access = new Access(process.env.PEER_KEY);
  const training = new Training(Number(process.env.PEER_POOL ?? 32));
  const app = Fastify({ logger: false, keepAliveTimeout: 75_000 });
  app.decorateRequest("user", null);
  app.addHook("onRequest", (request, reply, done) => {
    request.user = access.user_of(request.headers.authorization);
    if (request.user) return done();
    reply.code(401).header("WWW-Authenticate", "Bearer").send({ code: "unauthenticated" });
  });
  app.setErrorHandler((error, request, reply) => {
    reply.code(error.statusCode ?? 500).send({ code: error.code, detail: error.message });
  });
  app.post("/v1/workouts", start_route, async (request, reply) => {
    reply.code(201);
    return training.start(request.user, request.body);
  });
  app.post("/v1/workouts/:workout_id/sets", set_route, async (request, reply) => {
    const set = await training.log(request.user, request.params.workout_id, request.body);
    reply.code(set ? 201 : 404);
    return set ?? { code: "not_found" };
  });
  app.post("/v1/workouts/:workout_id/finish", finish_route, async (request, reply) => {
    const workout = await training.finish(request.user, request.params.workout_id);
    reply.code(workout ? 200 : 404);
    return workout ?? { code: "not_found" };
  });
  app.get("/v1/workouts", page_route, (request) => training.page(request.user, request.query.limit));
  await app.listen({ host: "127.0.0.1", port: Number(process.env.PEER_PORT), backlog: 4096 });
}
