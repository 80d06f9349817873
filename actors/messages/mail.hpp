#pragma once

#include "actors/messages/failure.hpp"

#include <optional>
#include <string>
#include <vector>

// Mails: what a letter is about is decided far from who writes and sends it.

namespace spotter::messages {

/// A mail to be written and sent. Answered with `letter_sent`.
struct send_letter {
  std::string template_name; // "verification", "recovery", "address_confirmation",
                             // "address_changed", "password_changed", "new_sign_in"
  std::string recipient;     // an address
  std::string name;          // of the person; may be empty
  std::string token;         // secret; empty where the letter has none
  std::string at;            // when it happened, for people; the same for the next two
  std::string device;
  std::string address;
};

/// How sending went: `sent`; `retry` may work later; `refused` never will.
struct letter_sent {
  std::string state;
  std::string reason;
};

/// Asks what lies in the outbox of a server that sends no mail. Answered with `outbox_page`.
struct get_outbox {};

/// A letter that was not sent, but can be read.
struct outbox_letter {
  std::string at; // RFC 3339
  std::string recipient;
  std::string subject;
  std::string text;
};

struct outbox_page {
  bool open = false;                  // false: letters are sent, so there is none
  std::vector<outbox_letter> letters; // newest first
};

/// Asks the account store for a mail that waits, and makes the token with this hash good for ten
/// minutes. Answered with `mail_image`.
struct prepare_mail {
  domain::uuid user_id;
  domain::uuid mail_id;
  std::string token_hash; // binary
};

struct mail_image {
  bool found = false;  // false: it does not wait any more
  bool wanted = false; // false: it would come too late
  send_letter letter;  // without token
};

/// Says how a mail ended: "sent" or "dead". Answered with `identity_stored`.
struct finish_mail {
  domain::uuid user_id;
  domain::uuid mail_id;
  std::string state;
  std::string reason;
};

template <class Inspector>
bool inspect(Inspector& f, send_letter& x) {
  return f.object(x).fields(f.field("template_name", x.template_name),
                            f.field("recipient", x.recipient), f.field("name", x.name),
                            f.field("token", x.token), f.field("at", x.at),
                            f.field("device", x.device), f.field("address", x.address));
}

template <class Inspector>
bool inspect(Inspector& f, letter_sent& x) {
  return f.object(x).fields(f.field("state", x.state), f.field("reason", x.reason));
}

template <class Inspector>
bool inspect(Inspector& f, get_outbox& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, outbox_letter& x) {
  return f.object(x).fields(f.field("at", x.at), f.field("recipient", x.recipient),
                            f.field("subject", x.subject), f.field("text", x.text));
}

template <class Inspector>
bool inspect(Inspector& f, outbox_page& x) {
  return f.object(x).fields(f.field("open", x.open), f.field("letters", x.letters));
}

template <class Inspector>
bool inspect(Inspector& f, prepare_mail& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("mail_id", x.mail_id),
                            f.field("token_hash", x.token_hash));
}

template <class Inspector>
bool inspect(Inspector& f, mail_image& x) {
  return f.object(x).fields(f.field("found", x.found), f.field("wanted", x.wanted),
                            f.field("letter", x.letter));
}

template <class Inspector>
bool inspect(Inspector& f, finish_mail& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("mail_id", x.mail_id),
                            f.field("state", x.state), f.field("reason", x.reason));
}

} // namespace spotter::messages
