// SPDX-License-Identifier: Apache-2.0
// ShardParts: what one shard's part of the delivery engine works with. References to what `app` owns; all of it
// outlives the engine.   Threads: the services say it themselves; rng belongs to the shard.
#pragma once

#include "base/clock.h"
#include "base/rng.h"
#include "delivery/probe.h"
#include "http/workers.h"
#include "model/event.h"
#include "model/name_table.h"
#include "net/shard.h"
#include "queue/label_set.h"
#include "spool/spool.h"

namespace penstock::suppression {
class Guard;
}
namespace penstock::shaping {
class SharedLimits;
}

namespace penstock::unsubscribe {
class CurrentTerms;
}

namespace penstock::tlsrpt {
class Collector;
}

namespace penstock::warmup {
class Desk;
}

namespace penstock::delivery {

class ConnectionRoom;
class Dispatcher;
class OwnShortage;

// The other shards of the engine.
class Peers {
 public:
  virtual ~Peers() = default;
  [[nodiscard]] virtual std::size_t count() const = 0;
  [[nodiscard]] virtual Dispatcher& dispatcher(std::size_t shard) = 0;
};

struct ShardParts {
  net::Shard& shard;
  const Clock& clock;
  spool::Spool& spool;
  spool::CompletionPort& port;  // answers of the spool come back to this shard
  model::EventSink& events;
  model::NameTable& names;
  queue::LabelSetTable& labels;
  http::Workers& readers;  // for what has to be read from disk
  http::Workers& signers;  // for DKIM: as many as cores
  Probe& probe;
  Peers& peers;
  Rng& rng;
  shaping::SharedLimits& limits;
  ConnectionRoom& room;
  OwnShortage& shortage;
  suppression::Guard* guard = nullptr;                     // who must not be mailed; nullptr: nobody is suppressed
  tlsrpt::Collector* tls_reports = nullptr;                // counts sessions; nullptr: nobody asks
  const unsubscribe::CurrentTerms* unsubscribe = nullptr;  // links to unsubscribe; nullptr: none are added
  warmup::Desk* warmups = nullptr;                         // how new vMTAs are warmed up; nullptr: none is
};

}  // namespace penstock::delivery
