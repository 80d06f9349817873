#pragma once

#include "actors/messages/all.hpp"

#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

// The typed handles by which the parts of the program know each other.

namespace spotter::messages {

/// A user's session: answers commands after their commit, renders and caches the user's pages,
/// publishes events to its subscribers.
using session_actor =
  caf::typed_actor<caf::result<command_reply>(command), caf::result<read_reply>(read),
                   caf::result<subscribe_reply>(subscribe), caf::result<void>(unsubscribe),
                   caf::result<void>(stored), caf::result<void>(passivate),
                   caf::result<void>(retire)>;

/// The sessions of one shard.
using shard_actor =
  caf::typed_actor<caf::result<session_found>(get_session), caf::result<void>(session_closing),
                   caf::result<retired>(retire)>;

/// Commits units of work in batches; answers the sender of each `store` with a `stored` message.
using writer_actor = caf::typed_actor<caf::result<void>(store), caf::result<health>(get_health)>;

/// Reads under row-level security: the whole pool behind one handle.
using reader_actor = caf::typed_actor<
  caf::result<read_reply>(read), caf::result<session_image>(load_session),
  caf::result<workout_image>(load_workout), caf::result<exercise_image>(load_exercise),
  caf::result<event_range>(load_events), caf::result<event_epoch>(load_epoch),
  caf::result<source_matches>(load_sources), caf::result<answer_image>(load_answer),
  caf::result<import_image>(load_import), caf::result<exercise_history>(load_exercise_history),
  caf::result<exercise_names>(load_exercise_names), caf::result<import_file>(load_import_file),
  caf::result<health>(get_health)>;

/// Keeps accounts and logins.
using identity_store_actor = caf::typed_actor<
  caf::result<identity_stored>(add_account), caf::result<identity_stored>(add_login),
  caf::result<account_image>(find_account), caf::result<known_addresses>(load_addresses),
  caf::result<login_image>(load_login), caf::result<identity_stored>(rotate_login),
  caf::result<identity_stored>(revoke_login), caf::result<identity_stored>(note_security_event),
  caf::result<ended_logins>(load_ended_logins)>;

/// Keeps second factors, API keys and shares.
using factor_store_actor = caf::typed_actor<
  caf::result<factor_image>(load_factors), caf::result<factor_stored>(store_factor),
  caf::result<api_key_checked>(find_api_key), caf::result<share_checked>(check_share),
  caf::result<challenge_answered>(pass_challenge)>;

/// Second factors, API keys and shares.
using factors_actor = caf::typed_actor<
  caf::result<read_reply>(factor_request), caf::result<api_key_checked>(check_api_key),
  caf::result<share_checked>(check_share), caf::result<challenge_begun>(begin_challenge),
  caf::result<challenge_answered>(answer_challenge)>;

/// Registers, logs in and renews. Password hashing happens behind it, on a bounded pool.
using identity_actor =
  caf::typed_actor<caf::result<login_reply>(register_account), caf::result<login_reply>(log_in),
                   caf::result<login_reply>(refresh_login), caf::result<command_reply>(log_out),
                   caf::result<login_reply>(finish_log_in)>;

/// Hashes and checks passwords: a bounded pool behind one handle, and each of its workers.
using password_actor = caf::typed_actor<caf::result<password_hashed>(hash_password),
                                        caf::result<password_checked>(check_password)>;

/// Tells whether a password is known from breaches elsewhere. Fails open: an error is no answer.
using breach_actor = caf::typed_actor<caf::result<breach_checked>(check_breached)>;

/// Keeps what accounts need besides logins: mailed tokens, mails, changes, erasure.
using account_store_actor = caf::typed_actor<
  caf::result<identity_stored>(ask_for_mail), caf::result<mail_requests_sorted>(sort_mail_requests),
  caf::result<mail_image>(prepare_mail), caf::result<identity_stored>(finish_mail),
  caf::result<address_verified>(use_address_token), caf::result<credentials>(find_recovery),
  caf::result<credentials>(load_credentials), caf::result<logins_ended>(use_recovery_token),
  caf::result<logins_ended>(set_password), caf::result<identity_stored>(renew_password_hash),
  caf::result<logins_ended>(change_address), caf::result<logins_page>(get_logins),
  caf::result<logins_ended>(end_login), caf::result<logins_ended>(erase_account),
  caf::result<rows_erased>(erase_rows), caf::result<export_allowed>(begin_export),
  caf::result<logins_ended>(end_access)>;

/// Builds the ZIP of everything that is held of a person.
using export_actor = caf::typed_actor<caf::result<export_reply>(build_export)>;

/// What people do with their accounts besides signing in.
using accounts_actor = caf::typed_actor<
  caf::result<command_reply>(ask_for_mail), caf::result<command_reply>(verify_address),
  caf::result<command_reply>(recover_password), caf::result<command_reply>(change_password),
  caf::result<command_reply>(change_address), caf::result<logins_page>(get_logins),
  caf::result<command_reply>(end_login), caf::result<command_reply>(erase_account),
  caf::result<export_reply>(export_account), caf::result<command_reply>(end_access)>;

/// Writes and sends letters, or keeps them in an outbox.
using mailer_actor =
  caf::typed_actor<caf::result<letter_sent>(send_letter), caf::result<outbox_page>(get_outbox)>;

/// Keeps durable jobs.
using job_store_actor =
  caf::typed_actor<caf::result<claimed_jobs>(claim_jobs), caf::result<job_ended>(renew_job),
                   caf::result<job_ended>(end_job)>;

/// Runs durable jobs of all kinds, by their supervisors.
using job_supervisor_actor = caf::typed_actor<caf::result<void>(jobs_queued)>;

/// The coordinator of the cluster: leases, epochs, placement. `cluster_changed` subscribes its sender
/// to notices of the same type.
using cluster_store_actor =
  caf::typed_actor<caf::result<cluster_lease>(join_cluster),
                   caf::result<cluster_lease>(renew_lease),
                   caf::result<cluster_lease>(change_state), caf::result<shards_held>(take_shards),
                   caf::result<shards_held>(give_shards), caf::result<cluster_lease>(place_shards),
                   caf::result<void>(cluster_changed)>;

/// A node's own part in the cluster.
using cluster_actor =
  caf::typed_actor<caf::result<cluster_status>(get_cluster), caf::result<void>(leave_cluster),
                   caf::result<health>(get_health)>;

/// What nodes share beside the database: counters of limits, and a cache. In this process, or in a
/// server of that kind.
using shared_state_actor =
  caf::typed_actor<caf::result<tokens_taken>(take_tokens),
                   caf::result<attempts_counted>(count_attempts),
                   caf::result<void>(forgive_attempts), caf::result<cached_value>(get_cached),
                   caf::result<void>(keep), caf::result<health>(get_health)>;

/// The recommenders.
using recommend_actor = caf::typed_actor<caf::result<command_reply>(recommend)>;

} // namespace spotter::messages
