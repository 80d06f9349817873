#include "server/accounts_part.hpp"

#include "actors/accounts/accounts.hpp"
#include "actors/accounts/erasure_job.hpp"
#include "actors/accounts/mail_job.hpp"
#include "actors/jobs/job_supervisor.hpp"
#include "mail/mailer.hpp"
#include "persistence/account_export.hpp"
#include "persistence/account_store.hpp"
#include "server/job_settings.hpp"
#include "server/secrets.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <spdlog/spdlog.h>

#include <stdexcept>

namespace spotter::server {

namespace {

mail::mailer_settings mailer_of(const config::settings& settings) {
  const auto& m = settings.mail;
  mail::mailer_settings out;
  out.from = m.from.empty() ? "spotter@localhost" : m.from;
  out.public_url = m.public_url;
  if (out.public_url.empty())
    out.public_url = std::string{settings.listen.tls_certificate.empty() ? "http" : "https"}
                     + "://127.0.0.1:" + std::to_string(settings.listen.port);
  if (m.server.empty())
    return out;
  mail::smtp_settings smtp;
  smtp.server = m.server;
  smtp.user = m.user;
  smtp.password = read_secret(settings, "mail.password", m.password);
  smtp.authorities = m.ca;
  out.smtp = std::move(smtp);
  return out;
}

/// Letters hold tokens that open accounts. A local proxy makes the whole world look like this machine, so
/// they are shown only where a server is being tried out: with a database of its own and no public address.
bool keeps_letters(const config::settings& settings) {
  const auto& m = settings.mail;
  const bool tried_out = settings.database.server.empty() && m.public_url.empty();
  return m.server.empty() && !settings.cluster.enabled && (m.outbox || tried_out);
}

} // namespace

accounts_part make_accounts_part(caf::actor_system& system, const config::settings& settings,
                                 accounts_needs needs) {
  accounts_part out;
  out.store = persistence::spawn_account_store(system, std::move(needs.writer));
  auto letters = mailer_of(settings);
  if (letters.smtp)
    letters.smtp->stopping = out.stopping;
  out.has_outbox = keeps_letters(settings);
  letters.keeps_letters = out.has_outbox;
  if (!letters.smtp && !out.has_outbox)
    spdlog::warn(
      "no mail server is set (mail.server), and there is no outbox: mails go nowhere, so "
      "nobody can prove an address, change it, or recover an account");
  else if (out.has_outbox)
    spdlog::warn(
      "no mail server is set (mail.server): whoever reaches this server from this machine, "
      "or through a proxy on it, can read all mails at /outbox");
  out.mailer = mail::spawn_mailer(system, std::move(letters));
  persistence::export_settings exports;
  exports.connection = std::move(needs.reader);
  exports.connection.statement_timeout = std::chrono::minutes{5};
  out.exporter = persistence::spawn_account_export(system, std::move(exports));

  auto how = job_settings_of(settings);
  how.poll = std::chrono::seconds{1}; // registrations queue mails without a word to anybody
  actors::accounts::mail_environment mails;
  mails.store = out.store;
  mails.mailer = out.mailer;
  actors::accounts::erasure_environment erasures;
  erasures.store = out.store;
  erasures.shards = needs.shards;
  out.jobs = actors::spawn_job_supervisor(
    system, std::move(needs.job_store),
    {{"mail", actors::accounts::mail_spawner(std::move(mails))},
     {"erasure", actors::accounts::erasure_spawner(std::move(erasures))},
     {"reseal", actors::sealing::reseal_spawner(std::move(needs.reseal))}},
    how);

  actors::accounts::accounts_parts parts;
  parts.passwords = std::move(needs.passwords);
  parts.store = out.store;
  parts.exporter = out.exporter;
  parts.hooks = std::move(needs.hooks);
  parts.shards = std::move(needs.shards);
  parts.limits = std::move(needs.limits);
  parts.jobs_queued = [jobs = out.jobs] { caf::anon_send(jobs, messages::jobs_queued{}); };
  out.accounts = actors::accounts::spawn_accounts(system, std::move(parts));
  return out;
}

void accounts_part::stop(caf::actor_system& system, std::chrono::milliseconds limit) {
  const auto end = [](auto& handle) {
    if (handle)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    handle = nullptr;
  };
  stopping->store(true);
  end(accounts);
  if (jobs) {
    caf::scoped_actor self{system};
    self->monitor(jobs);
    end(jobs);
    self->receive([](const caf::down_msg&) {}, caf::after(limit) >> [] {});
  }
  end(exporter);
  end(mailer);
  end(store);
}

} // namespace spotter::server
