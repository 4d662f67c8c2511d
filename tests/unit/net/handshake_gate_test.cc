#include "net/handshake_gate.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <vector>

namespace blobgate::net {
namespace {

namespace asio = boost::asio;

struct Thread {
  asio::io_context context;
  std::optional<HandshakeGate> gate{std::in_place, context.get_executor(), 2};
  std::vector<std::string> entered;
  std::vector<HandshakeGate::Place> places;

  void Start(std::string name) {
    asio::co_spawn(context, Enter(std::move(name)), asio::detached);
    context.restart();
    context.poll();
  }
  Task<void> Enter(std::string name) {
    HandshakeGate::Place place = co_await gate->Enter();
    places.push_back(std::move(place));
    entered.push_back(std::move(name));
  }
  void LeaveFirst() {
    std::vector<HandshakeGate::Place> rest;
    for (std::size_t i = 1; i < places.size(); ++i) rest.push_back(std::move(places[i]));
    places.swap(rest);
    rest.clear();
    context.restart();
    context.poll();
  }
};

using Names = std::vector<std::string>;

TEST(HandshakeGate, LetsInSoManyAndTheOthersInTheirOrder) {
  Thread thread;
  for (const char* name : {"a", "b", "c", "d"}) thread.Start(name);
  EXPECT_EQ(thread.entered, (Names{"a", "b"}));
  thread.LeaveFirst();
  EXPECT_EQ(thread.entered, (Names{"a", "b", "c"}));
  thread.Start("e");
  EXPECT_EQ(thread.entered, (Names{"a", "b", "c"}));
  thread.LeaveFirst();
  thread.LeaveFirst();
  EXPECT_EQ(thread.entered, (Names{"a", "b", "c", "d", "e"}));
}

TEST(HandshakeGate, WhoTakesLongCountsNoMore) {
  Thread thread;
  for (const char* name : {"a", "b", "c", "d", "e"}) thread.Start(name);
  EXPECT_EQ(thread.entered.size(), 2u);
  thread.context.restart();
  while (thread.entered.size() < 5) ASSERT_GT(thread.context.run_one(), 0u);
  EXPECT_EQ(thread.places.size(), 5u);
  while (!thread.places.empty()) thread.LeaveFirst();  // also those that were forgotten
  for (const char* name : {"f", "g", "h"}) thread.Start(name);
  EXPECT_EQ(thread.entered.size(), 7u);
}

TEST(HandshakeGate, WhoWaitsWhenItEndsIsGivenUp) {
  Thread thread;
  for (const char* name : {"a", "b", "c"}) thread.Start(name);
  thread.gate.reset();
  thread.places.clear();
  thread.context.restart();
  thread.context.poll();
  EXPECT_EQ(thread.entered, (Names{"a", "b"}));
}

}  // namespace
}  // namespace blobgate::net
