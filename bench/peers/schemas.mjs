// What requests may hold, and what answers do: Fastify compiles both.

const uuid = { type: "string", pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" };
const text = { type: "string" };
const count = { type: "integer" };
const time = { type: "string" };
const weight = {
  type: "object",
  required: ["value", "unit"],
  additionalProperties: false,
  properties: { value: { type: "number", minimum: 0, maximum: 5000 }, unit: { enum: ["kg", "lb"] } },
};

const effort = {
  kind: { enum: ["normal", "warmup", "dropset", "failure"] },
  reps: { type: "integer", minimum: 0, maximum: 10000 },
  weight,
  rpe: { type: "number", minimum: 1, maximum: 10, multipleOf: 0.5 },
  rir: { type: "integer", minimum: 0, maximum: 20 },
  distance_m: { type: "number", minimum: 0, maximum: 1000000 },
  duration_ms: { type: "integer", minimum: 0, maximum: 604800000 },
  rest_ms: { type: "integer", minimum: 0, maximum: 86400000 },
  completed_at: time,
};

const set = {
  type: "object",
  properties: {
    id: text, workout_id: text, exercise_instance_id: text, exercise_id: text, position: count,
    kind: text, reps: count,
    weight: { type: "object", properties: { value: { type: "number" }, unit: text } },
    rpe: { type: "number" }, rir: count, distance_m: { type: "number" }, duration_ms: count,
    rest_ms: count, completed_at: time, version: count, created_at: time, updated_at: time,
  },
};

const of_workout = { type: "object", required: ["workout_id"], properties: { workout_id: uuid } };

export const set_route = {
  schema: {
    params: of_workout,
    body: {
      type: "object",
      required: ["exercise_id"],
      additionalProperties: false,
      properties: { id: uuid, exercise_id: uuid, exercise_instance_id: uuid, ...effort },
    },
    response: { 201: set },
  },
};

const workout = {
  id: text, title: text, state: text, started_at: time, finished_at: { ...time, nullable: true },
  time_zone: text, local_date: text, notes: text, version: count, created_at: time, updated_at: time,
};

export const start_route = {
  schema: {
    body: {
      type: "object",
      additionalProperties: false,
      properties: { id: uuid, title: { type: "string", maxLength: 200 } },
    },
    response: { 201: { type: "object", properties: workout } },
  },
};

export const finish_route = {
  schema: {
    params: of_workout,
    response: {
      200: {
        type: "object",
        properties: { ...workout, summary: { type: "object", properties: { sets: count, volume_g: count } } },
      },
    },
  },
};

const stamp = { type: "string", format: "date-time" }; // Dates are written by the serialiser

export const page_route = {
  schema: {
    querystring: {
      type: "object",
      properties: { limit: { type: "integer", minimum: 1, maximum: 200, default: 50 } },
    },
    response: {
      200: {
        type: "object",
        properties: {
          items: {
            type: "array",
            items: {
              type: "object",
              properties: {
                ...workout,
                started_at: stamp,
                finished_at: { ...stamp, nullable: true },
                created_at: stamp,
                updated_at: stamp,
                summary: {
                  type: "object",
                  properties: { sets: count, reps: count, volume_kg: { type: "number" }, exercises: count },
                },
              },
            },
          },
          next_cursor: { type: "string", nullable: true },
        },
      },
    },
  },
};
