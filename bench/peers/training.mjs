// The statements of the peer: each request is one, prepared once a connection.

import { randomUUID } from "node:crypto";
import pg from "pg";

pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const GRAMS = { kg: 1000, lb: 453.59237 };
const UNITS = { kg: 1, lb: 2 };
const KINDS = { normal: 1, warmup: 2, dropset: 3, failure: 4 };
const STARTED = 1;
const FINISHED = 3;
const LOGGED = 6;
const TRIES = 5;

// The place in the user's story is the next one; whoever comes second meets the primary key and
// tries again. Positions of sets are their places too: the peer need not count.
const log_set = {
  name: "log_set",
  text: `
    WITH w AS (SELECT FROM spotter.workout
                WHERE user_id = $1 AND workout_id = $2 AND state = 1 AND deleted_at IS NULL),
         i AS (SELECT exercise_instance_id FROM spotter.exercise_instance
                WHERE user_id = $1 AND workout_id = $2 AND exercise_id = $3 AND deleted_at IS NULL
                ORDER BY position DESC LIMIT 1),
         n AS (SELECT coalesce(max(seq), 0) + 1 AS seq FROM spotter.event WHERE user_id = $1),
         s AS (INSERT INTO spotter.workout_set
                 (user_id, workout_id, set_id, exercise_instance_id, position, kind, reps,
                  weight_value, weight_unit, weight_g, rpe, rir, distance_m, duration_ms, rest_ms,
                  completed_at, version, created_at, updated_at)
               SELECT $1, $2, $4, i.exercise_instance_id, n.seq, $5, $6, $7, $8, $9, $10, $11,
                      $12, $13, $14, $15, n.seq, $15, $15
                 FROM w, i, n
               RETURNING exercise_instance_id, version),
         e AS (INSERT INTO spotter.event (user_id, seq, epoch, name, workout_id, unit_id, at, data)
               SELECT $1, s.version, 1, ${LOGGED}, $2, $16, $15, $17 FROM s)
    SELECT exercise_instance_id, version FROM s`,
};

const add_instance = {
  name: "add_instance",
  text: `
    INSERT INTO spotter.exercise_instance
      (user_id, exercise_instance_id, workout_id, exercise_id, position, version)
    SELECT $1, $4, $2, $3, (SELECT count(*) FROM spotter.exercise_instance
                             WHERE user_id = $1 AND workout_id = $2), 1
      FROM spotter.workout
     WHERE user_id = $1 AND workout_id = $2 AND state = 1 AND deleted_at IS NULL`,
};

const start_workout = {
  name: "start_workout",
  text: `
    WITH n AS (SELECT coalesce(max(seq), 0) + 1 AS seq FROM spotter.event WHERE user_id = $1),
         w AS (INSERT INTO spotter.workout
                 (user_id, workout_id, title, started_at, time_zone, local_date, first_seq, version,
                  created_at, updated_at)
               SELECT $1, $2, $3, $4::timestamptz, 'UTC', ($4::timestamptz)::date, n.seq, n.seq, $4, $4
                 FROM n
               RETURNING version),
         e AS (INSERT INTO spotter.event (user_id, seq, epoch, name, workout_id, unit_id, at, data)
               SELECT $1, w.version, 1, ${STARTED}, $2, $5, $4, $6 FROM w)
    SELECT version FROM w`,
};

const finish_workout = {
  name: "finish_workout",
  text: `
    WITH n AS (SELECT coalesce(max(seq), 0) + 1 AS seq FROM spotter.event WHERE user_id = $1),
         w AS (UPDATE spotter.workout SET state = 2, finished_at = $3, updated_at = $3,
                                          version = n.seq
                 FROM n
                WHERE user_id = $1 AND workout_id = $2 AND state = 1 AND deleted_at IS NULL
               RETURNING title, workout.version),
         e AS (INSERT INTO spotter.event (user_id, seq, epoch, name, workout_id, unit_id, at, data)
               SELECT $1, w.version, 1, ${FINISHED}, $2, $4, $3, $5 FROM w)
    SELECT w.title, w.version, count(s) AS sets, coalesce(sum(s.weight_g * s.reps), 0) AS volume_g
      FROM w LEFT JOIN spotter.workout_set s
        ON s.user_id = $1 AND s.workout_id = $2 AND s.kind <> 2 AND s.deleted_at IS NULL
     GROUP BY w.title, w.version`,
};

const page = {
  name: "page",
  rowMode: "array",
  text: `
    SELECT p.workout_id, p.title, p.state, p.started_at, p.finished_at, p.time_zone,
           p.local_date::text, p.notes, greatest(p.version, i.version, s.version), p.created_at,
           p.updated_at, s.sets, s.reps, s.volume_g, i.exercises
      FROM (SELECT * FROM spotter.workout
             WHERE user_id = $1 AND deleted_at IS NULL
             ORDER BY started_at DESC, workout_id DESC LIMIT $2) p
     CROSS JOIN LATERAL
           (SELECT max(version) AS version, count(*) FILTER (WHERE deleted_at IS NULL) AS exercises
              FROM spotter.exercise_instance
             WHERE user_id = $1 AND workout_id = p.workout_id) i
     CROSS JOIN LATERAL
           (SELECT max(version) AS version,
                   count(*) FILTER (WHERE deleted_at IS NULL AND kind <> 2) AS sets,
                   coalesce(sum(reps) FILTER (WHERE deleted_at IS NULL AND kind <> 2), 0) AS reps,
                   coalesce(sum(weight_g * reps) FILTER (WHERE deleted_at IS NULL AND kind <> 2), 0)
                     ::bigint AS volume_g
              FROM spotter.workout_set
             WHERE user_id = $1 AND workout_id = p.workout_id) s
     ORDER BY p.started_at DESC, p.workout_id DESC`,
};

export class Training {
  #pool;

  constructor(connections) {
    this.#pool = new pg.Pool({ max: connections, min: connections, idleTimeoutMillis: 0 });
  }

  async log(user, workout_id, set) {
    const now = new Date();
    const body = {
      id: set.id ?? randomUUID(),
      workout_id,
      exercise_id: set.exercise_id,
      kind: set.kind ?? "normal",
      reps: set.reps,
      weight: set.weight,
      rpe: set.rpe,
      rir: set.rir,
      distance_m: set.distance_m,
      duration_ms: set.duration_ms,
      rest_ms: set.rest_ms,
      completed_at: set.completed_at ?? now.toISOString(),
      created_at: now.toISOString(),
      updated_at: now.toISOString(),
    };
    const weight = set.weight;
    const values = [
      user, workout_id, set.exercise_id, body.id, KINDS[body.kind], set.reps, weight?.value,
      weight && UNITS[weight.unit], weight && Math.round(weight.value * GRAMS[weight.unit]), set.rpe,
      set.rir, set.distance_m, set.duration_ms, set.rest_ms, body.completed_at, randomUUID(),
      JSON.stringify({ set: body }),
    ];
    let stored = await this.#once(log_set, values);
    if (!stored) {
      // The workout's first set of this exercise, or no such workout.
      await this.#pool.query({ ...add_instance, values: [user, workout_id, set.exercise_id, randomUUID()] });
      stored = await this.#once(log_set, values);
    }
    return stored && { ...body, ...stored, position: stored.version };
  }

  async start(user, { id = randomUUID(), title = "" }) {
    const at = new Date().toISOString();
    const body = { id, title, state: "live", started_at: at, created_at: at, updated_at: at };
    const values = [user, id, title, at, randomUUID(), JSON.stringify({ workout: body })];
    return { ...body, ...(await this.#once(start_workout, values)) };
  }

  async finish(user, id) {
    const at = new Date().toISOString();
    const body = { id, state: "finished", finished_at: at, updated_at: at };
    const values = [user, id, at, randomUUID(), JSON.stringify({ workout: body })];
    const stored = await this.#once(finish_workout, values);
    return stored && { ...body, title: stored.title, version: stored.version,
                       summary: { sets: stored.sets, volume_g: Number(stored.volume_g) } };
  }

  async page(user, limit) {
    const { rows } = await this.#pool.query({ ...page, values: [user, limit] });
    const items = rows.map((r) => ({
      id: r[0], title: r[1], state: r[2] === 1 ? "live" : "finished", started_at: r[3], finished_at: r[4],
      time_zone: r[5], local_date: r[6], notes: r[7], version: r[8], created_at: r[9], updated_at: r[10],
      summary: { sets: r[11], reps: r[12], volume_kg: r[13] / 1000, exercises: r[14] },
    }));
    const last = rows.length === limit ? rows[limit - 1] : null;
    const next_cursor = last && Buffer.from(`${last[3].toISOString()}|${last[0]}`).toString("base64url");
    return { items, next_cursor };
  }

  /** The row of a statement that takes a place in the story, which another one may take first. */
  async #once(statement, values) {
    for (let attempt = 1; ; ++attempt) {
      try {
        return (await this.#pool.query({ ...statement, values })).rows[0];
      } catch (error) {
        if (error.constraint !== "event_pkey" || attempt === TRIES) throw error;
      }
    }
  }
}
