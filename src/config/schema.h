// SPDX-License-Identifier: Apache-2.0
// Section and Key: the table of settings. One Key says everything about one setting: its name, where it is kept, its
// kind and bounds, whether a change needs a restart, and one line of help. Reading, checking, showing, comparing and
// the manual all go by this table, which settings.cc fills.
//
// Objects are passed as void* so that only the builders are templates: a Section belongs to one type of object.
// Threads: constant after the first call of tables().
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/kinds.h"

namespace penstock::config {

enum class Apply : std::uint8_t { Live, Restart };
enum class Need : std::uint8_t { Optional, Required };

struct Section;

struct Key {
  std::string name, help;
  Apply apply = Apply::Live;
  Need need = Need::Optional;
  std::string words{}, bounds{};
  std::string default_words{};  // when the default follows from something else; else it is the initial value
  // A value of its own …
  std::function<bool(void*, const Value&, Complaints&)> read{};
  std::function<std::string(const void*)> write{};
  // … or a table within, kept in the object enter() gives. `inner` alone: what the tables of a list may contain.
  const Section* inner = nullptr;
  std::function<void*(void*)> enter{};
  std::shared_ptr<const void> inner_defaults{};  // an entry as it is before anything is read
};

struct Section {
  std::string where;  // "[[listener]]", "retry of [[stream]]": for complaints
  std::vector<Key> keys;
  [[nodiscard]] const Key* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
};

// One table of the file's first level.
struct TopTable {
  std::string name, help;
  bool is_list = false;  // [[name]]
  const Section* section = nullptr;
  std::function<void*(Config&)> make{};  // appends an entry to a list; else gives the one object
  std::function<std::size_t(const Config&)> count{};
  std::function<const void*(const Config&, std::size_t)> at{};
  std::function<std::string(const Config&, std::size_t)> label{};  // name of an entry; only for lists
};

// All of them, in the manual's order.
[[nodiscard]] const std::vector<TopTable>& tables();

// The sections, by file: settings_node.cc, settings_mail.cc, settings_delivery.cc,
// settings_feedback.cc, settings_suppression.cc, settings_tls.cc.
[[nodiscard]] const Section& node_section();
[[nodiscard]] const Section& admin_section();
[[nodiscard]] const Section& dns_section();
[[nodiscard]] const Section& spool_section();
[[nodiscard]] const Section& events_section();
[[nodiscard]] const Section& accounting_section();
[[nodiscard]] const Section& tls_section();
[[nodiscard]] const Section& tls_report_section();
[[nodiscard]] const Section& provider_files_section();  // settings_providers.cc
[[nodiscard]] const Section& headers_section();
[[nodiscard]] const Section& pickup_section();
[[nodiscard]] const Section& auth_section();  // settings_auth.cc
[[nodiscard]] const Section& feedback_section();
[[nodiscard]] const Section& suppression_section();
[[nodiscard]] const Section& preflight_section();    // settings_preflight.cc
[[nodiscard]] const Section& unsubscribe_section();  // settings_unsubscribe.cc
[[nodiscard]] const Section& stream_unsubscribe_section();
[[nodiscard]] const Section& classify_section();
[[nodiscard]] const Section& listener_section();
[[nodiscard]] const Section& vmta_section();
[[nodiscard]] const Section& pool_section();
[[nodiscard]] const Section& warmup_section();  // settings_warmup.cc
[[nodiscard]] const Section& dkim_section();
[[nodiscard]] const Section& stream_section();
[[nodiscard]] const Section& domain_section();
[[nodiscard]] const Section& provider_section();
[[nodiscard]] const Section& limit_section();
[[nodiscard]] const Section& action_section();     // settings_actions.cc
[[nodiscard]] const Section& path_rule_section();  // settings_limits.cc
[[nodiscard]] const Section& defaults_section();
[[nodiscard]] const Section& timeouts_section();
[[nodiscard]] const Section& own_timeouts_section();  // of [[domain]], [[provider]] and provider files
[[nodiscard]] const Section& backoff_section();       // of the same and [defaults]
[[nodiscard]] const Section& client_section();
[[nodiscard]] const Section& limits_section();  // what [[domain]], [[provider]], [defaults] and relays have in common

template <class Owner>
class SectionBuilder {
 public:
  explicit SectionBuilder(std::string where) { section_.where = std::move(where); }

  template <class T>
  SectionBuilder& add(std::string name, T Owner::*member, Kind<T> kind, Apply apply, std::string help,
                      std::string default_words = {}) {
    Key key{std::move(name), std::move(help), apply, Need::Optional, kind.words, kind.bounds, std::move(default_words)};
    key.read = [member, read = kind.read](void* owner, const Value& value, Complaints& complaints) {
      return read(value, static_cast<Owner*>(owner)->*member, complaints);
    };
    key.write = [member, write = kind.write](const void* owner) {
      return write(static_cast<const Owner*>(owner)->*member);
    };
    return add(std::move(key));
  }
  template <class T>
  SectionBuilder& required(std::string name, T Owner::*member, Kind<T> kind, Apply apply, std::string help) {
    add(std::move(name), member, std::move(kind), apply, std::move(help));
    section_.keys.back().need = Need::Required;
    return *this;
  }
  // A table within this one.
  template <class T>
  SectionBuilder& nested(std::string name, T Owner::*member, const Section& inner, std::string help) {
    Key key{std::move(name), std::move(help)};
    key.words = "table";
    key.inner = &inner;
    key.enter = [member](void* owner) -> void* { return &(static_cast<Owner*>(owner)->*member); };
    return add(std::move(key));
  }
  // The keys of a member stand among this table's own.
  template <class T>
  SectionBuilder& keys_of(T Owner::*member, const Section& inner) {
    for (Key key : inner.keys) {
      key.read = [member, read = key.read](void* owner, const Value& value, Complaints& complaints) {
        return read(&(static_cast<Owner*>(owner)->*member), value, complaints);
      };
      key.write = [member, write = key.write](const void* owner) {
        return write(&(static_cast<const Owner*>(owner)->*member));
      };
      add(std::move(key));
    }
    return *this;
  }
  SectionBuilder& add(Key key) {
    section_.keys.push_back(std::move(key));
    return *this;
  }
  // What the tables in the list that was added last may contain.
  template <class T>
  SectionBuilder& containing(const Section& inner) {
    section_.keys.back().inner = &inner;
    section_.keys.back().inner_defaults = std::make_shared<const T>();
    return *this;
  }
  [[nodiscard]] Section build() { return std::move(section_); }

 private:
  Section section_;
};

}  // namespace penstock::config
