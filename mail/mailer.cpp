#include "mail/mailer.hpp"

#include "domain/uuid.hpp"
#include "mail/message.hpp"
#include "mail/templates.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>

namespace spotter::mail {

namespace {

constexpr std::size_t outbox_size = 100;

struct mailer_state {
  static inline const char* name = "spotter.mailer";

  mailer_state(messages::mailer_actor::pointer self, mailer_settings settings)
    : self_(self), settings_(std::move(settings)) {}

  messages::mailer_actor::behavior_type make_behavior() {
    return {
      [this](const messages::send_letter& about) {
        auto out = send(about);
        self_->system()
          .metrics()
          .counter_instance(
            "spotter", "letters",
            {{"result", settings_.smtp || settings_.keeps_letters ? out.state : "dropped"}},
            "Tries to send a letter, by how they ended.", "1", true)
          ->inc();
        return out;
      },
      [this](messages::get_outbox) {
        messages::outbox_page page;
        page.open = !settings_.smtp && settings_.keeps_letters;
        page.letters.assign(outbox_.begin(), outbox_.end());
        return page;
      },
    };
  }

private:
  messages::letter_sent send(const messages::send_letter& about) {
    auto letter = write_letter(about, settings_.public_url);
    if (!letter)
      return {"refused", "There is no letter of the kind " + about.template_name + "."};
    const auto now = domain::now();
    if (!settings_.smtp) {
      if (!settings_.keeps_letters)
        return {"sent", {}};
      outbox_.push_front({domain::to_rfc3339(now), about.recipient, letter->subject, letter->text});
      if (outbox_.size() > outbox_size)
        outbox_.pop_back();
      return {"sent", {}};
    }
    message what;
    what.from_name = settings_.from_name;
    what.from = settings_.from;
    what.to = about.recipient;
    what.subject = std::move(letter->subject);
    what.text = std::move(letter->text);
    what.html = std::move(letter->html);
    what.id = domain::to_string(domain::make_uuid_v7());
    what.at = now;
    const auto wire = to_wire(what);
    if (!wire)
      return {"refused", "The address cannot stand in a mail."};
    const auto report = deliver(*settings_.smtp, settings_.from, about.recipient, *wire);
    switch (report.result) {
      case delivery::sent:
        return {"sent", {}};
      case delivery::refused:
        return {"refused", report.reason};
      case delivery::retry:
        break;
    }
    return {"retry", report.reason};
  }

  messages::mailer_actor::pointer self_;
  mailer_settings settings_;
  std::deque<messages::outbox_letter> outbox_;
};

} // namespace

messages::mailer_actor spawn_mailer(caf::actor_system& system, mailer_settings settings) {
  using impl = messages::mailer_actor::stateful_impl<mailer_state>;
  return system.spawn<impl, caf::detached>(std::move(settings));
}

} // namespace spotter::mail
