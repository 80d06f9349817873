-- Users :first to :first + :count - 1, without the cost of a password: nobody logs in as them. Their
-- ids are those of load/people.cpp.
INSERT INTO spotter.app_user (user_id, email, password_hash)
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       'bench-' || n || '@example.org', ''
  FROM generate_series(:first::bigint, :first::bigint + :count::bigint - 1) AS n
    ON CONFLICT DO NOTHING;
