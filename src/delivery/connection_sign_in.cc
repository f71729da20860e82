// SPDX-License-Identifier: Apache-2.0
// How a Connection signs in to a relay that is a service.
#include "base/log.h"
#include "delivery/connection.h"
#include "delivery/dispatcher.h"
#include "delivery/random_nonce.h"

namespace penstock::delivery {

// One step: the session says what the service offers or asked.
net::Task<> Connection::sign_in() {
  const RelayService& service = *destination_->service;
  if (!session_->auth_challenge()) {
    const auto mechanism = sasl::choose_mechanism(session_->extensions().auth);
    if (!mechanism) {
      co_return session_->give_up_auth(session_->extensions().auth.empty()
                                           ? "the service does not offer AUTH"
                                           : "the service offers no mechanism of ours: " + session_->extensions().auth);
    }
    exchange_ = std::make_unique<sasl::ClientExchange>(*mechanism, service.user, service.password, random_nonce());
    co_return session_->start_auth(sasl::to_string(*mechanism), exchange_->initial_response());
  }
  // The proof of SCRAM takes milliseconds of hashing; a signer is a thread that may.
  sasl::ClientExchange& exchange = *exchange_;
  const std::string challenge = *session_->auth_challenge();
  const auto response =
      co_await dispatcher_.parts().signers.run([&exchange, &challenge] { return exchange.respond(challenge); });
  if (!response) co_return session_->give_up_auth(response.error());
  session_->respond_auth(*response);
}

// A service of SCRAM that says yes without having proved anything may be anybody.
bool Connection::is_signed_in() {
  if (!destination_->service || !destination_->service->signs_in()) return true;
  const bool complete = exchange_ != nullptr && exchange_->complete();
  exchange_.reset();
  if (complete) return true;
  session_->give_up_auth("the service says yes without proving that it knows the password");
  return false;
}

}  // namespace penstock::delivery
