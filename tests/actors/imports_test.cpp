#include "actors/imports/import_supervisor.hpp"

#include "tests/actors/import_scene.hpp"

#define CAF_SUITE imports
#include "caf/test/dsl.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <sstream>

using namespace spotter;
using namespace spotter::actors;
using namespace spotter::tests;
using namespace std::literals;
using messages::failure_code;

namespace {

const std::string strong_head =
  "Date;Workout Name;Exercise Name;Set Order;Weight;Weight Unit;Reps;RPE;Distance;Distance "
  "Unit;Seconds;Notes;Workout Notes;Workout Duration\n";

/// A Strong file of `workouts`, a day apart, with two sets each.
std::string strong_file(int workouts, const std::string& exercise = "Bench Press (Barbell)") {
  std::string text = strong_head;
  for (int i = 0; i < workouts; ++i)
    for (int set = 1; set <= 2; ++set)
      text += "2024-01-" + std::to_string(i / 24 + 10) + " " + (i % 24 < 10 ? "0" : "")
              + std::to_string(i % 24) + ":00:00;Day " + std::to_string(i) + ";" + exercise + ";"
              + std::to_string(set) + ";80;kg;5;;;;0;;;45m\n";
  return text;
}

messages::failure refusal(failure_code code) {
  messages::failure result;
  result.code = code;
  result.detail = "says the test";
  return result;
}

struct fixture : test_coordinator_fixture<> {
  fixture() {
    scene.names.push_back(
      {domain::make_uuid_v7(), false, "Bench Press", "barbell", {"Barbell Bench Press"}});
    reader = sys.spawn(scene_reader, &scene);
    session = sys.spawn(scene_session, &scene);
    shard = sys.spawn(scene_shard, &scene, session);
    env.reader = reader;
    env.shards = [this](const domain::uuid&) { return shard; };
    env.threads = false;
    env.limits.chunk_workouts = 4;
  }

  ~fixture() {
    for (auto& worker : workers)
      anon_send_exit(worker, caf::exit_reason::kill);
    anon_send_exit(shard, caf::exit_reason::user_shutdown);
    anon_send_exit(session, caf::exit_reason::user_shutdown);
    anon_send_exit(reader, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  messages::job claim(std::int32_t attempt = 1) const {
    messages::job result;
    result.job_id = domain::make_uuid_v7();
    result.user_id = scene.user_id;
    result.kind = "import";
    result.subject_id = scene.state->import_id;
    result.attempt = attempt;
    result.lease = attempt;
    return result;
  }

  template <class Request>
  messages::end_job ask(const Request& request) {
    auto worker = import_spawner(env)(sys);
    workers.push_back(worker);
    auto handle = self->request(worker, caf::infinite, request);
    // Time passes only while everybody waits for it.
    while (consume_messages() > 0 || sched.trigger_timeout())
      ;
    messages::end_job how;
    handle.receive([&how](messages::end_job& x) { how = std::move(x); },
                   [](const caf::error& why) { CAF_FAIL(to_string(why)); });
    return how;
  }

  messages::end_job run() { return ask(claim()); }

  import_scene scene;
  import_environment env;
  messages::reader_actor reader;
  messages::session_actor session;
  messages::shard_actor shard;
  std::vector<job_actor> workers;
};

} // namespace

#undef CAF_SUITE
#define CAF_SUITE import_job

CAF_TEST_FIXTURE_SCOPE(import_job_tests, fixture)

CAF_TEST(stores a file chunk by chunk and tells how far it is) {
  scene.queue(strong_file(10));
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_REQUIRE_EQUAL(scene.reports.size(), 3u);
  CAF_CHECK_EQUAL(scene.reports[0].state.status, "running");
  CAF_CHECK_EQUAL(scene.reports[0].state.done, 4);
  CAF_CHECK_EQUAL(scene.reports[0].state.total, 10);
  CAF_CHECK_EQUAL(scene.reports[1].state.done, 8);
  CAF_CHECK_EQUAL(scene.reports[2].state.status, "finished");
  CAF_CHECK_EQUAL(scene.state->done, 10);
  CAF_CHECK_EQUAL(scene.state->counts.created, 10);
  CAF_CHECK_EQUAL(scene.state->provider, "strong");
  CAF_CHECK(scene.reports[0].exercises.empty());
  const auto& w = scene.reports[0].workouts[0];
  CAF_CHECK_EQUAL(w.title, "Day 0");
  CAF_CHECK_EQUAL(w.local_date, "2024-01-10");
  CAF_CHECK_EQUAL(domain::to_rfc3339(w.started_at), "2024-01-09T23:00:00Z");
  CAF_CHECK_EQUAL(domain::to_rfc3339(*w.finished_at), "2024-01-09T23:45:00Z");
  CAF_CHECK(w.exercises.at(0).exercise_id == scene.names[0].exercise_id);
  CAF_CHECK_EQUAL(w.exercises[0].sets.size(), 2u);
  CAF_CHECK_EQUAL(w.exercises[0].sets[0].actual.weight->grams(), 80'000);
}

CAF_TEST(finds everything unchanged the second time and updates what changed) {
  scene.queue(strong_file(10));
  run();
  const auto first = scene.reports[0].workouts[0];
  scene.queue(strong_file(10));
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.state->counts.unchanged, 10);
  CAF_CHECK_EQUAL(scene.state->counts.created, 0);
  auto corrected = strong_file(10);
  corrected.replace(corrected.find(";80;"), 4, ";85;");
  scene.queue(corrected);
  run();
  CAF_CHECK_EQUAL(scene.state->counts.updated, 1);
  CAF_CHECK_EQUAL(scene.state->counts.unchanged, 9);
  const auto& again = scene.reports.at(6).workouts[0];
  CAF_CHECK(again.workout_id == first.workout_id);
  CAF_CHECK(again.exercises[0].sets[0].set_id == first.exercises[0].sets[0].set_id);
}

CAF_TEST(gives the athlete an own exercise once for a name that matches nothing) {
  scene.queue(strong_file(10, "Zercher Twirl (Kettlebell)"));
  run();
  CAF_CHECK_EQUAL(scene.own.size(), 1u);
  CAF_REQUIRE_EQUAL(scene.reports[0].exercises.size(), 1u);
  const auto made = scene.reports[0].exercises[0];
  CAF_CHECK_EQUAL(made.name, "Zercher Twirl (Kettlebell)");
  CAF_CHECK_EQUAL(made.equipment, "kettlebell");
  CAF_CHECK(scene.reports[2].workouts[0].exercises[0].own_exercise);
  CAF_CHECK_EQUAL(scene.logged("exercise_created"), 1u);
  scene.queue(strong_file(10, "Zercher Twirl (Kettlebell)"));
  run();
  CAF_CHECK_EQUAL(scene.state->counts.unchanged, 10);
  CAF_CHECK(scene.reports.back().exercises.empty());
}

CAF_TEST(goes on where a killed run came to) {
  scene.queue(strong_file(10));
  scene.before = [](const messages::import_workouts& report) -> std::optional<messages::failure> {
    if (report.state.done > 4)
      return refusal(failure_code::unavailable);
    return std::nullopt;
  };
  const auto first = run();
  CAF_CHECK_EQUAL(first.state, "retry");
  CAF_CHECK_EQUAL(scene.state->done, 4);
  scene.before = {};
  scene.reports.clear();
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.reports.size(), 2u);
  CAF_CHECK_EQUAL(scene.state->counts.created, 10);
  CAF_CHECK_EQUAL(scene.state->counts.unchanged, 0);
}

CAF_TEST(looks whether a chunk was stored when its answer was lost) {
  scene.queue(strong_file(10));
  scene.lose_answers = 2;
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.state->counts.created, 10);
  CAF_CHECK_EQUAL(scene.state->counts.unchanged, 0);
  CAF_CHECK_EQUAL(scene.reports.size(), 3u);
}

CAF_TEST(asks again for a session that is moving) {
  scene.queue(strong_file(3));
  int refusals = 2;
  scene.before = [&refusals](const auto&) -> std::optional<messages::failure> {
    if (refusals-- > 0)
      return refusal(failure_code::moved);
    return std::nullopt;
  };
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.sessions_asked, 3);
}

CAF_TEST(leaves out the one workout that the session refuses) {
  scene.queue(strong_file(10));
  scene.before = [](const messages::import_workouts& report) -> std::optional<messages::failure> {
    for (const auto& w : report.workouts)
      if (w.title == "Day 5")
        return refusal(failure_code::invalid_content);
    return std::nullopt;
  };
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.state->counts.created, 9);
  CAF_CHECK_EQUAL(scene.state->counts.failed, 1);
  CAF_CHECK_EQUAL(scene.state->done, 10);
  CAF_REQUIRE_EQUAL(scene.logged("workout_refused"), 1u);
  for (const auto& line : scene.log)
    if (line.code == "workout_refused")
      CAF_CHECK_EQUAL(line.line, 12); // the first row of Day 5
}

CAF_TEST(stops between chunks when it is cancelled) {
  scene.queue(strong_file(10));
  scene.before = [this](const messages::import_workouts& report) {
    if (report.state.done == 4)
      scene.cancel_after_this = true;
    return std::optional<messages::failure>{};
  };
  CAF_CHECK_EQUAL(run().state, "cancelled");
  CAF_CHECK_EQUAL(scene.reports.size(), 1u);
  CAF_CHECK_EQUAL(scene.state->status, "cancelled");
  CAF_MESSAGE("and a run that finds it cancelled does nothing");
  CAF_CHECK_EQUAL(run().state, "cancelled");
  CAF_CHECK_EQUAL(scene.reports.size(), 1u);
}

CAF_TEST(asks for the unit that the file does not name) {
  const std::string file =
    "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,"
    "Workout Notes,RPE\n2025-05-05 18:00:01,Upper,1h,Bench Press (Barbell),1,80.0,8,0,0,,,\n";
  scene.queue(file);
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.state->status, "needs_input");
  CAF_CHECK_EQUAL(scene.state->problem_code, "unit_needed");
  CAF_CHECK(scene.stored.empty());
  scene.queue(file);
  scene.file.unit = "lb";
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.state->status, "finished");
  CAF_CHECK(scene.reports.back().workouts[0].exercises[0].sets[0].actual.weight->unit
            == domain::weight_unit::lb);
}

CAF_TEST(fails at once and says why when the file is no use) {
  for (const auto& [file, code] :
       {std::pair{"<html></html>", "not_csv"}, std::pair{"", "empty_file"},
        std::pair{"height of my ex,b\n1,2\n", "unknown_format"}}) {
    scene.queue(file);
    const auto how = run();
    CAF_CHECK_EQUAL(how.state, "dead");
    CAF_CHECK(how.reason.find(code) != std::string::npos);
    CAF_CHECK(how.reason.find("my ex") == std::string::npos);
    CAF_CHECK_EQUAL(scene.state->status, "failed");
    CAF_CHECK_EQUAL(scene.state->problem_code, code);
    CAF_CHECK_EQUAL(scene.logged(code), 1u);
  }
  CAF_MESSAGE("its owner reads what stands in it");
  CAF_CHECK(scene.state->problem_detail.find("my ex") != std::string::npos);
}

CAF_TEST(keeps to its bounds) {
  scene.queue(strong_file(10));
  env.limits.workouts = 9;
  CAF_CHECK_EQUAL(run().state, "dead");
  CAF_CHECK_EQUAL(scene.state->problem_code, "too_many_workouts");
  scene.queue(strong_file(10));
  env.limits.file_bytes = 100;
  CAF_CHECK_EQUAL(run().state, "dead");
  CAF_CHECK_EQUAL(scene.state->problem_code, "file_too_large");
  scene.queue(strong_file(3));
  env.limits = {};
  env.limits.sets_per_workout = 1;
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.state->counts.failed, 3);
  CAF_CHECK_EQUAL(scene.logged("workout_too_large"), 3u);
}

CAF_TEST(puts the notes of the parser into the log once with their lines) {
  auto file = strong_file(10);
  file += "yesterday;Day 10;Bench Press (Barbell);1;80;kg;5;;;;0;;;45m\n";
  scene.queue(file);
  run();
  CAF_REQUIRE_EQUAL(scene.logged("bad_date"), 1u);
  CAF_CHECK_EQUAL(scene.log.back().line, 22);
}

CAF_TEST(puts the job off when the database does not answer) {
  scene.queue(strong_file(3));
  scene.reader_answers = false;
  const auto how = run();
  CAF_CHECK_EQUAL(how.state, "retry");
  CAF_CHECK(!how.reason.empty());
}

CAF_TEST(says what became of a worker that died) {
  scene.queue(strong_file(3));
  env.shards = [this, once = std::make_shared<int>(0)](const domain::uuid&) {
    if ((*once)++ == 0)
      throw std::runtime_error("nobody thought of this");
    return shard;
  };
  const auto how = run();
  CAF_CHECK_EQUAL(how.state, "retry");
  CAF_CHECK_EQUAL(scene.state->status, "waiting");
  CAF_CHECK_EQUAL(scene.logged("interrupted"), 1u);
  CAF_CHECK_EQUAL(run().state, "finished");
  CAF_CHECK_EQUAL(scene.state->status, "finished");
}

CAF_TEST(tells the owner when the tries are used up) {
  scene.queue(strong_file(3));
  messages::end_job grave{claim(20), "dead", 0, "no session for days"};
  CAF_CHECK_EQUAL(ask(grave).state, "dead");
  CAF_CHECK_EQUAL(scene.state->status, "failed");
  CAF_CHECK_EQUAL(scene.state->problem_code, "tries_exhausted");
  CAF_CHECK_EQUAL(scene.state->problem_detail, "no session for days");
  scene.queue(strong_file(3));
  scene.before = [](const auto&) { return std::optional{refusal(failure_code::unavailable)}; };
  CAF_MESSAGE("a grave that nobody hears of stays open");
  CAF_CHECK_EQUAL(ask(grave).state, "retry");
}

CAF_TEST_FIXTURE_SCOPE_END()

#undef CAF_SUITE
#define CAF_SUITE zone_clock

CAF_TEST(resolves times that happen twice or never to one instant) {
  const auto berlin = zone_clock::of("Europe/Berlin");
  CAF_REQUIRE(berlin.has_value());
  auto at = [&berlin](std::string_view text) {
    const auto result = berlin->resolve(*domain::parse_local_instant(text));
    return std::pair{domain::to_rfc3339(result.at), result.fit};
  };
  CAF_CHECK(at("2025-06-30 19:56") == std::pair("2025-06-30T17:56:00Z"s, clock_fit::exact));
  CAF_CHECK(at("2025-10-26 02:30") == std::pair("2025-10-26T00:30:00Z"s, clock_fit::ambiguous));
  CAF_CHECK(at("2025-03-30 02:30") == std::pair("2025-03-30T01:30:00Z"s, clock_fit::nonexistent));
  CAF_CHECK(!zone_clock::of("Middle-earth/Shire").has_value());
}

#undef CAF_SUITE
#define CAF_SUITE import_corpus

namespace {

/// The number behind `name` in an expected summary.
double number_in(const std::string& json, const std::string& name) {
  std::smatch found;
  if (!std::regex_search(json, found, std::regex{"\"" + name + "\": ([0-9.]+)"}))
    CAF_FAIL("no " << name << " in the summary");
  return std::stod(found[1]);
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(import_corpus_tests, fixture)

CAF_TEST(real files give the totals that others counted and the second time nothing new) {
  const auto* named = std::getenv("SPOTTER_CORPUS");
  const std::filesystem::path corpus = named ? named : "../shared/corpus";
  if (!std::filesystem::is_directory(corpus)) {
    std::cerr << "SKIPPED: no corpus at " << corpus << "; set SPOTTER_CORPUS\n";
    return;
  }
  env.limits = {};
  int files = 0;
  for (const auto* app : {"strong", "hevy"}) {
    for (const auto& entry : std::filesystem::directory_iterator{corpus / "csv" / app}) {
      const auto file = entry.path().filename().string();
      CAF_MESSAGE(app << ": " << file);
      const auto expected = text_of(corpus / "expected" / "csv" / app / (file + ".json"));
      for (const bool again : {false, true}) {
        scene.queue(text_of(entry.path()));
        scene.file.unit = "kg";
        scene.reports.clear();
        CAF_CHECK_EQUAL(run().state, "finished");
        CAF_CHECK_EQUAL(scene.state->provider, app);
        const auto workouts = static_cast<std::int32_t>(number_in(expected, "workouts"));
        CAF_CHECK_EQUAL(scene.state->total, workouts);
        CAF_CHECK_EQUAL(scene.state->done, workouts);
        CAF_CHECK_EQUAL(scene.state->counts.failed, 0);
        CAF_CHECK_EQUAL(scene.state->counts.created, again ? 0 : workouts);
        CAF_CHECK_EQUAL(scene.state->counts.unchanged, again ? workouts : 0);
        double sets = 0;
        double reps = 0;
        double volume = 0;
        for (const auto& report : scene.reports)
          for (const auto& w : report.workouts)
            for (const auto& instance : w.exercises)
              for (const auto& set : instance.sets) {
                ++sets;
                const double done = set.actual.reps.value_or(0);
                reps += done;
                volume += set.actual.weight ? done * set.actual.weight->value : 0;
              }
        CAF_CHECK_EQUAL(sets, number_in(expected, "sets"));
        CAF_CHECK_EQUAL(reps, number_in(expected, "reps"));
        CAF_CHECK(std::abs(volume - number_in(expected, "volume")) < 0.5);
      }
      ++files;
      scene.stored.clear(); // samples of one app overlap
    }
  }
  CAF_CHECK_EQUAL(files, 6);
}

CAF_TEST_FIXTURE_SCOPE_END()
