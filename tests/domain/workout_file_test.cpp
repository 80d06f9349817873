#include "domain/formats/workout_file.hpp"

#define CAF_SUITE workout_file
#include "caf/test/dsl.hpp"

#include "tests/domain/files.hpp"

#include <algorithm>

using namespace spotter::domain;
using namespace std::chrono_literals;

namespace {

workout_file read(std::string_view text, const file_options& options = {}) {
  auto file = parse_workout_file(text, options);
  if (!file)
    CAF_FAIL(file.error().message);
  return std::move(*file);
}

file_fault fault_of(std::string_view text, const file_options& options = {}) {
  const auto file = parse_workout_file(text, options);
  CAF_REQUIRE(!file.has_value());
  CAF_CHECK(!file.error().message.empty());
  return file.error().fault;
}

/// The note of this code, which must be there once.
row_note note(const workout_file& file, std::string_view code) {
  const auto is = [code](const row_note& n) { return n.code == code; };
  CAF_REQUIRE_EQUAL(std::count_if(file.notes.begin(), file.notes.end(), is), 1);
  return *std::find_if(file.notes.begin(), file.notes.end(), is);
}

const std::string strong_1 =
  "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout "
  "Notes,RPE\n";

/// A row of the form above: what comes before Set Order is the same in each.
std::string strong_row(const std::string& rest) {
  return "2025-05-05 18:00:01,Upper,1h 2m,Bench Press (Barbell)," + rest + "\n";
}

const std::string hevy_head =
  "title,start_time,end_time,description,exercise_title,superset_id,exercise_notes,set_index,set_"
  "type,weight_kg,reps,distance_km,duration_seconds,rpe\n";

std::string hevy_row(const std::string& exercise, const std::string& rest) {
  return "Push,\"5 May 2025, 18:00\",\"5 May 2025, 19:02\",fine," + exercise + "," + rest + "\n";
}

} // namespace

CAF_TEST(strong sets and marks and rests) {
  const auto file = read(
    strong_1 + strong_row("W,40.0,10.0,0,0.0,,felt fine,") + strong_row("1,80.0,8,0,0,pause,,8.5")
    + strong_row("Rest Timer,0,0,0,120.0,,,") + strong_row("D,60,12,0,0,,,")
    + strong_row("F,60,6,0,0,,,10") + strong_row("Note,0,0,0,0,keep the elbows in,,"));
  CAF_CHECK(file.app == file_app::strong);
  CAF_CHECK_EQUAL(file.rows, 6u);
  CAF_CHECK(file.notes.empty());
  CAF_REQUIRE_EQUAL(file.workouts.size(), 1u);
  const auto& w = file.workouts[0];
  CAF_CHECK_EQUAL(w.title, "Upper");
  CAF_CHECK_EQUAL(*w.duration_ms, 3'720'000);
  CAF_CHECK(!w.end);
  CAF_CHECK_EQUAL(w.notes, "felt fine");
  CAF_CHECK_EQUAL(external_id(w), "2025-05-05T18:00:01/Upper");
  CAF_REQUIRE_EQUAL(w.exercises.size(), 1u);
  CAF_CHECK_EQUAL(w.exercises[0].notes, "pause\nkeep the elbows in");
  const auto& sets = w.exercises[0].sets;
  CAF_REQUIRE_EQUAL(sets.size(), 4u);
  CAF_CHECK(sets[0].kind == set_kind::warmup);
  CAF_CHECK(sets[1].kind == set_kind::normal);
  CAF_CHECK(sets[2].kind == set_kind::dropset);
  CAF_CHECK(sets[3].kind == set_kind::failure);
  CAF_CHECK_EQUAL(*sets[1].reps, 8);
  CAF_CHECK_EQUAL(*sets[1].rpe, 8.5);
  CAF_CHECK_EQUAL(*sets[1].rest_ms, 120'000);
  CAF_CHECK_EQUAL(sets[1].line, 3u);
  CAF_CHECK(!sets[2].rest_ms);
  CAF_CHECK(!sets[2].distance_m);
  CAF_CHECK(!sets[2].duration_ms);
}

CAF_TEST(a unit that is not in the file is asked for) {
  const auto text = strong_1 + strong_row("1,80,8,0,0,,,") + strong_row("2,0,8,500,0,,,");
  const auto file = read(text);
  CAF_CHECK(file.needs_weight_unit);
  CAF_CHECK(file.needs_distance_unit);
  const auto& sets = file.workouts[0].exercises[0].sets;
  CAF_CHECK(!sets[0].weight->unit);
  CAF_CHECK(!sets[1].weight);
  CAF_CHECK_EQUAL(note(file, "unknown_distance_unit").line, 3u);
  const auto told = read(text, {weight_unit::lb, distance_unit::metres});
  CAF_CHECK(!told.needs_weight_unit);
  CAF_CHECK(!told.needs_distance_unit);
  CAF_CHECK(told.workouts[0].exercises[0].sets[0].weight->unit == weight_unit::lb);
  CAF_CHECK_EQUAL(*told.workouts[0].exercises[0].sets[1].distance_m, 500.0);
  CAF_CHECK(told.notes.empty());
}

CAF_TEST(without any weight no unit is asked for) {
  CAF_CHECK(!read(strong_1 + strong_row("1,0,8,0,0,,,")).needs_weight_unit);
}

CAF_TEST(strong with semicolons and units and decimal commas) {
  const auto file = read(
    "Date;Workout Name;Exercise Name;Set Order;Weight;Weight Unit;Reps;RPE;Distance;Distance "
    "Unit;Seconds;Notes;Workout Notes;Workout Duration\r\n"
    "2024-01-11 12:31:54;Legs;Deadlift (Barbell);1;100,5;kg;5;8,5;;;0;\"one\r\ntwo\";;1h 5m\r\n"
    "2024-01-11 12:31:54;Legs;Running (Treadmill);1;;;;;2,5;mi;900;;;1h 5m\r\n"
    "2024-01-11 12:31:54;Legs;Curl;1;45;stone;8;;;;;;;1h 5m\r\n");
  CAF_CHECK_EQUAL(file.delimiter, ';');
  CAF_CHECK(!file.needs_weight_unit);
  const auto& exercises = file.workouts[0].exercises;
  CAF_CHECK_EQUAL(exercises[0].notes, "one\r\ntwo");
  CAF_CHECK_EQUAL(exercises[0].sets[0].weight->value, 100.5);
  CAF_CHECK(exercises[0].sets[0].weight->unit == weight_unit::kg);
  CAF_CHECK_EQUAL(*exercises[0].sets[0].rpe, 8.5);
  CAF_CHECK_EQUAL(*exercises[1].sets[0].distance_m, 2.5 * 1609.344);
  CAF_CHECK_EQUAL(*exercises[1].sets[0].duration_ms, 900'000);
  CAF_CHECK(!exercises[1].sets[0].reps);
  CAF_CHECK(!exercises[2].sets[0].weight);
  CAF_CHECK_EQUAL(note(file, "unknown_weight_unit").line, 5u);
}

CAF_TEST(strong with units in the names of the columns) {
  const auto file =
    read("\"Workout #\";\"Date\";\"Workout Name\";\"Duration (sec)\";\"Exercise Name\";\"Set "
         "Order\";\"Weight (lbs)\";\"Reps\";\"RPE\";\"Distance (meters)\";\"Seconds\";\"Notes\";"
         "\"Workout Notes\"\n"
         "1;2025-01-02 07:00:00;Pull;3600;Row;1;135;5;;;;;\n"
         "1;2025-01-02 07:00:00;Pull;3600;Rowing;1;;;;2000;480;;\n");
  CAF_CHECK(file.notes.empty());
  CAF_CHECK_EQUAL(*file.workouts[0].duration_ms, 3'600'000);
  const auto& exercises = file.workouts[0].exercises;
  CAF_CHECK(exercises[0].sets[0].weight == (parsed_weight{135, weight_unit::lb}));
  CAF_CHECK_EQUAL(*exercises[1].sets[0].distance_m, 2000.0);
}

CAF_TEST(columns may come in any order and unknown ones are told) {
  const auto file = read(
    "Reps,Mood,Set Order,Exercise Name,Date,Workout Name\n5,😀,1,Squat,2025-05-05 18:00,Legs\n");
  CAF_CHECK_EQUAL(*file.workouts[0].exercises[0].sets[0].reps, 5);
  const auto told = note(file, "unknown_column");
  CAF_CHECK_EQUAL(told.line, 1u);
  CAF_CHECK(told.severity == note_severity::info);
  CAF_CHECK(told.message.find("'Mood'") != std::string::npos);
}

CAF_TEST(hevy supersets and kinds and units) {
  const auto file =
    read(hevy_head + hevy_row("Bench", ",slow,0,warmup,20,10,,0,")
         + hevy_row("Bench", ",slow,1,normal,62.5,8,,0,8.5")
         + hevy_row("Fly", "0,,0,dropset,10,12,,0,") + hevy_row("Row", "0,,0,failure,40,9,,0,10")
         + hevy_row("Fly", "0,,1,normal,10,11,,0,") + hevy_row("Run", ",,0,normal,,,5.5,1800,"));
  CAF_CHECK(file.app == file_app::hevy);
  CAF_CHECK(file.notes.empty());
  CAF_REQUIRE_EQUAL(file.workouts.size(), 1u);
  const auto& w = file.workouts[0];
  CAF_CHECK(*w.end - w.start == 62min);
  CAF_CHECK(!w.duration_ms);
  CAF_CHECK_EQUAL(w.notes, "fine");
  CAF_REQUIRE_EQUAL(w.exercises.size(), 5u);
  CAF_CHECK_EQUAL(w.exercises[0].sets.size(), 2u);
  CAF_CHECK_EQUAL(w.exercises[0].notes, "slow");
  CAF_CHECK(!w.exercises[0].superset);
  CAF_CHECK_EQUAL(*w.exercises[1].superset, 0);
  CAF_CHECK_EQUAL(*w.exercises[3].superset, 0);
  CAF_CHECK_EQUAL(w.exercises[3].name, "Fly");
  CAF_CHECK(w.exercises[2].sets[0].kind == set_kind::failure);
  CAF_CHECK(w.exercises[0].sets[1].weight == (parsed_weight{62.5, weight_unit::kg}));
  CAF_CHECK_EQUAL(*w.exercises[4].sets[0].distance_m, 5500.0);
  CAF_CHECK_EQUAL(*w.exercises[4].sets[0].duration_ms, 1'800'000);
  CAF_CHECK(!w.exercises[0].sets[0].duration_ms);
}

CAF_TEST(a set index that starts again is a new exercise) {
  const auto file =
    read(hevy_head + hevy_row("Bench", ",,0,normal,60,8,,,")
         + hevy_row("Bench", ",,1,normal,60,8,,,") + hevy_row("Bench", ",,0,normal,50,12,,,"));
  CAF_REQUIRE_EQUAL(file.workouts[0].exercises.size(), 2u);
  CAF_CHECK_EQUAL(file.workouts[0].exercises[1].line, 4u);
}

CAF_TEST(hevy keeps a zero that was entered) {
  const auto file = read(hevy_head + hevy_row("Dip", ",,0,normal,0,0,,,"));
  const auto& set = file.workouts[0].exercises[0].sets[0];
  CAF_CHECK_EQUAL(set.weight->value, 0.0);
  CAF_CHECK_EQUAL(*set.reps, 0);
}

CAF_TEST(fields that make no sense are left out and told with their line) {
  const auto file =
    read(hevy_head + hevy_row("Bench", ",,0,normal,60,8,,,abc")
         + hevy_row("Bench", ",,1,myo,60,8,,,") + hevy_row("Bench", ",,2,normal,-60,8,,,")
         + hevy_row("Bench", ",,3,normal,60,7.5,,,") + hevy_row("Bench", ",,4,normal,60,8,,,8.3"));
  const auto& sets = file.workouts[0].exercises[0].sets;
  CAF_CHECK_EQUAL(sets.size(), 5u);
  const auto rpe = note(file, "not_a_number");
  CAF_CHECK_EQUAL(rpe.line, 2u);
  CAF_CHECK_EQUAL(rpe.message, "RPE 'abc' is not a number");
  CAF_CHECK(rpe.severity == note_severity::warning);
  CAF_CHECK_EQUAL(note(file, "unknown_set_kind").line, 3u);
  CAF_CHECK_EQUAL(note(file, "out_of_range").line, 4u);
  CAF_CHECK_EQUAL(note(file, "not_whole").line, 5u);
  CAF_CHECK_EQUAL(note(file, "not_half").line, 6u);
  CAF_CHECK(!sets[2].weight);
  CAF_CHECK(!sets[3].reps);
  CAF_CHECK(!sets[4].rpe);
}

CAF_TEST(rows that cannot be placed are left out and told) {
  const auto file =
    read(hevy_head + hevy_row("Bench", ",,0,normal,60,8,,,")
         + "Push,yesterday,,,Bench,,,0,normal,60,8,,,\n" + hevy_row("", ",,0,normal,60,8,,,")
         + hevy_row("Bench", ",,1,normal,60,8,,,,surplus") + "short\n");
  CAF_CHECK_EQUAL(file.workouts[0].exercises[0].sets.size(), 1u);
  CAF_CHECK_EQUAL(file.rows, 5u);
  CAF_CHECK_EQUAL(note(file, "no_exercise").line, 4u);
  CAF_CHECK(note(file, "too_many_fields").severity == note_severity::error);
  CAF_CHECK_EQUAL(note(file, "too_few_fields").line, 6u);
}

CAF_TEST(an end before the start is not believed) {
  const auto file = read(
    hevy_head + "Push,\"5 May 2025, 18:00\",\"5 May 2025, 17:00\",,Bench,,,0,normal,60,8,,,\n");
  CAF_CHECK(!file.workouts[0].end);
  CAF_CHECK_EQUAL(note(file, "ends_before_start").line, 2u);
}

CAF_TEST(a file without workouts holds nothing and says why) {
  using enum file_fault;
  CAF_CHECK(fault_of("") == empty_file);
  CAF_CHECK(fault_of("\xef\xbb\xbf\r\n \n") == empty_file);
  CAF_CHECK(fault_of(std::string_view{"\x0e\x10\x00\x00.FIT", 8}) == not_text);
  CAF_CHECK(fault_of("PK\x03\x04rest") == not_text);
  CAF_CHECK(fault_of("\xff\xfe"
                     "D")
            == not_text);
  CAF_CHECK(fault_of("\n <!DOCTYPE html><p>Sign in") == not_csv);
  CAF_CHECK(fault_of("{\"workouts\":[]}") == not_csv);
  CAF_CHECK(fault_of("name,price\nrope,12\n") == unknown_format);
  CAF_CHECK(fault_of("hello") == unknown_format);
  CAF_CHECK(fault_of("Date,Exercise,Category,Weight,Reps\n") == unsupported_format);
  CAF_CHECK(fault_of("Activity ID,Activity Date,Distance\n") == unsupported_format);
  CAF_CHECK(fault_of(hevy_head) == no_rows);
  CAF_CHECK(fault_of(hevy_head + "a,b,c,d,e,f,g,h,i,j,k,l,m,n\n") == no_rows);
  CAF_CHECK(fault_of(hevy_head + "\"never closed\n") == damaged);
  CAF_CHECK(fault_of(hevy_head + std::string(70'000, 'x')) == damaged);
  const auto two =
    hevy_head + hevy_row("A", ",,0,normal,1,1,,,") + hevy_row("A", ",,1,normal,1,1,,,");
  CAF_CHECK(fault_of(two, {.most_rows = 1}) == too_many_rows);
}

CAF_TEST(notes are bounded and the last one counts the rest) {
  auto text = hevy_head;
  for (int i = 0; i < 10'500; ++i)
    text += hevy_row("A", ",,0,normal,x,1,,,");
  const auto file = read(text);
  CAF_REQUIRE_EQUAL(file.notes.size(), most_row_notes);
  CAF_CHECK_EQUAL(file.notes.back().code, "further_notes");
  CAF_CHECK(file.notes.back().message.starts_with("501 "));
}

CAF_TEST(the sample for the demo reads without a note) {
  const auto file = read(spotter::tests::read_file("demo/sample_workout.csv"));
  CAF_CHECK(file.notes.empty());
  CAF_CHECK_EQUAL(file.workouts.size(), 1u);
  CAF_CHECK_EQUAL(file.rows, 16u);
}
