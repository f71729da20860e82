// SPDX-License-Identifier: Apache-2.0
// The real program against an API with fixed answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cmd/penstock/test/program.h"
#include "src/api/test/running_api.h"

namespace penstock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Words = std::vector<std::string>;

class CliTest : public ::testing::Test {
 protected:
  Ran run(Words arguments) {
    arguments.insert(arguments.begin(), {"--socket", api_.socket()});
    return run_program(PENSTOCK_PROGRAM, arguments);
  }
  // Without " by NAME via unix", which depends on who runs the tests.
  std::vector<std::string> calls() {
    std::vector<std::string> calls = api_.fake.calls();
    for (std::string& call : calls) call.resize(call.rfind(" by "));
    return calls;
  }

  api::RunningApi api_;
};

struct GoldenCase {
  const char* file;
  Words arguments;
  int exit = 0;
};

TEST_F(CliTest, OutputIsAsRecorded) {
  api_.fake.add_event(
      R"({"seq":0,"time":"2026-11-24T08:00:00.25Z","type":"delivered","id":"01K8Q2R5VX3ZP","rcpt_index":1,"recipient":"bob@fast.example","vmta":"v2","peer_host":"mx1.fast.example","step":"end-of-data","reply":"250 2.0.0 ok","attempt":1})");
  api_.fake.add_event(
      R"({"seq":1,"time":"2026-11-24T08:00:01Z","type":"admin","detail":"pause stream=marketing by root"})");
  const GoldenCase cases[] = {
      {"status.txt", {"status"}},
      {"status.json", {"status", "--json"}},
      {"top.txt", {"top", "--once"}},
      {"paths.txt", {"paths"}},
      {"paths_of_vmta.txt", {"paths", "--vmta", "v2"}},
      {"path_explain.txt", {"path", "explain", "v1", "gmail.com"}},
      {"path_explain.json", {"path", "explain", "v1", "gmail.com", "--json"}},
      {"queue_list.txt", {"queue", "list"}},
      {"queue_list.json", {"queue", "list", "--json"}},
      {"queue_list_by_tenant.txt", {"queue", "list", "--by", "tenant"}},
      {"queue_show.txt", {"queue", "show"}},
      {"queue_show_deferred.txt", {"queue", "show", "slow.example", "--state", "deferred"}},
      {"queue_show_untold.txt", {"queue", "show", "--limit", "500"}},
      {"queue_show_nothing.txt", {"queue", "show", "--state", "held"}},
      {"queue_age.txt", {"queue", "age"}},
      {"message_show.txt", {"message", "show", "01K8Q2R5VX3ZP"}},
      {"trace.txt", {"trace", "ann@slow.example"}},
      {"trace_cut.txt", {"trace", "--message", "01K8Q2R5VX3ZP", "--limit", "1"}},
      {"events_tail.txt", {"events", "tail"}},
      {"events_tail.json", {"events", "tail", "--last", "1", "--json"}},
      {"reload.txt", {"reload"}},
      {"config_show.txt", {"config", "show"}},
      {"config_show_changed.txt", {"config", "show", "--changed"}},
      {"metrics.txt", {"metrics"}},
      {"metrics.json", {"metrics", "--json"}},
      {"version.txt", {"version"}},
      {"pauses_none.txt", {"pauses"}},
      {"jobs_none.txt", {"jobs"}},
      {"actions.txt", {"actions"}},
  };
  for (const GoldenCase& golden : cases) {
    const Ran ran = run(golden.arguments);
    EXPECT_EQ(ran.exit, golden.exit) << golden.file << ": " << ran.err;
    EXPECT_EQ(ran.err, "") << golden.file;
    expect_golden(golden.file, ran.out);
  }
}

TEST_F(CliTest, ChangesReachTheDaemonAsTyped) {
  EXPECT_EQ(run({"hold", "--domain", "slow.example", "--reason", "complaints"}).exit, 0);
  EXPECT_EQ(run({"release", "--stream", "m", "--tenant", "t", "--campaign", "c"}).exit, 0);
  EXPECT_EQ(run({"retry", "--provider", "gmail", "--vmta", "v1", "--path", "v1/provider:gmail"}).exit, 0);
  EXPECT_EQ(run({"bounce", "--message", "01K8Q2R5VX3ZP", "--recipient", "a@b.example", "--dry-run"}).exit, 0);
  EXPECT_EQ(run({"reroute", "--all", "--to-stream", "slow", "--force"}).exit, 0);
  EXPECT_EQ(run({"pause", "--stream", "m", "--until", "2h"}).exit, 0);
  EXPECT_EQ(run({"resume", "--stream", "m"}).exit, 0);
  EXPECT_EQ(run({"drain"}).exit, 0);
  EXPECT_EQ(run({"drain", "--stop", "--limit", "5s"}).exit, 0);
  EXPECT_THAT(calls(), ElementsAre(R"(hold {"domain":"slow.example"} reason=complaints)",
                                   R"(release {"stream":"m","tenant":"t","campaign":"c"})",
                                   R"(retry {"provider":"gmail","vmta":"v1","path":"v1/provider:gmail"})",
                                   R"(bounce {"message":"01K8Q2R5VX3ZP","recipient":"a@b.example"} dry_run)",
                                   R"(reroute {"all":true} force to_stream=slow)", R"(pause {"stream":"m"} reason=)",
                                   R"(resume {"stream":"m"})", "drain begin limit=30s", "drain stop limit=5s"));
}

TEST_F(CliTest, DryRunSaysWhatItWouldTouch) {
  EXPECT_EQ(run({"hold", "--stream", "m", "--dry-run"}).out,
            "hold would touch 1,234 recipients; nothing was changed\n");
  EXPECT_EQ(run({"hold", "--stream", "m"}).out,
            "hold: 1,230 recipients changed, 1,234 matched; 4 had finished meanwhile\n");
  EXPECT_EQ(run({"reroute", "--stream", "m", "--to-vmta", "v2", "--dry-run"}).out,
            "reroute would touch 1,034 recipients; 200 kept: deferred for rate or reputation; nothing was changed\n");
  EXPECT_EQ(
      run({"reroute", "--stream", "m", "--to-vmta", "v2"}).out,
      "reroute: 1,030 recipients changed, 1,234 matched; 200 kept: deferred for rate or reputation; 4 had finished "
      "meanwhile\n");
  EXPECT_EQ(run({"reroute", "--stream", "m", "--to-vmta", "v2", "--force"}).out,
            "reroute: 1,230 recipients changed, 1,234 matched; 4 had finished meanwhile\n");
}

TEST_F(CliTest, LargeJobIsWaitedForOrLeftAlone) {
  EXPECT_EQ(run({"retry", "--domain", "big.example"}).out, "retry: 10,000 recipients changed, 10,000 matched\n");
  EXPECT_EQ(run({"retry", "--domain", "big.example", "--no-wait"}).out,
            "job 2 goes on in the background: penstock job wait 2\n");
  EXPECT_THAT(run({"job", "show", "2"}).out, HasSubstr("25%"));
  EXPECT_THAT(run({"job", "cancel", "2"}).out, HasSubstr("job 2 cancelled; retry: 2,500 recipients changed"));
  const Ran ended = run({"job", "wait", "2"});
  EXPECT_EQ(ended.exit, 1);
  EXPECT_THAT(ended.err, HasSubstr("job 2 cancelled"));
  EXPECT_THAT(run({"jobs"}).out, HasSubstr("domain=big.example"));
}

TEST_F(CliTest, PausesAreListedUntilResumed) {
  EXPECT_THAT(run({"pause", "--domain", "slow.example", "--reason", "they asked"}).out, HasSubstr("they asked"));
  EXPECT_THAT(run({"pauses"}).out, HasSubstr("domain=slow.example"));
  EXPECT_EQ(run({"resume", "--domain", "slow.example"}).out, "1 pause lifted\n");
  const Ran again = run({"resume", "--domain", "slow.example"});
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("no pause has exactly this selection"));
}

struct FailingCase {
  Words arguments;
  int exit;
  const char* says;
};

TEST_F(CliTest, FailuresSayWhatAndWhatToDo) {
  const FailingCase cases[] = {
      {{"message", "show", "01K8Q2R5VX3ZQ"}, 1, "penstock trace --message 01K8Q2R5VX3ZQ"},
      {{"message", "show", "x"}, 1, "13 digits and letters"},
      {{"message", "show", "0000000000000"}, 1, "not all are 0"},
      {{"message", "show"}, 2, "ID is required"},
      {{"hold"}, 2, "nothing is selected"},
      {{"hold"}, 2, "--path, --message, --recipient; or --all\n"},
      {{"pause", "--reason", "x"}, 2, "--vmta, --path; or --all\n"},
      {{"resume"}, 2, "nothing is selected"},
      {{"retry", "--all", "--domain", "x.example"}, 2, "--all and other criteria contradict each other"},
      {{"pause", "--stream", "nosuch"}, 1, "there is no stream \"nosuch\""},
      {{"pause", "--stream", "nosuch", "--dry-run"}, 1, "there is no stream \"nosuch\""},
      {{"events", "tail", "--type", "delivred"},
       1,
       "there is no event type \"delivred\"\n  did you mean \"delivered\"?"},
      {{"reroute", "--all"}, 2, "give either --to-vmta NAME or --to-stream NAME"},
      {{"reroute", "--all", "--to-vmta", "a", "--to-stream", "b"}, 2, "either --to-vmta NAME or --to-stream NAME"},
      {{"trace"}, 2, "either an address or --message"},
      {{"trace", "nobody@slow.example"}, 1, "no event about nobody@slow.example"},
      {{"queue", "list", "--by", "planet"}, 2, "planet is none of domain, stream"},
      {{"queue", "lst"}, 2, "did you mean \"queue list\"?"},
      {{"statsu"}, 2, "did you mean \"status\"?"},
      {{"hold", "--campain", "x"}, 2, "unknown option --campain of \"hold\"; did you mean --campaign?"},
      {{"status", "--jsn"}, 2, "did you mean --json?"},
      {{"hold", "--nonsense=1"}, 2, "unknown option --nonsense of \"hold\"\n"},
      {{"status", "--nonsense"}, 2, "--nonsense"},
      {{"drain", "--end", "--stop"}, 2, "contradict"},
      {{"completion", "fish"}, 2, "fish is none of bash, zsh"},
      {{"queue", "show", "a.example", "--domain", "b.example"}, 2, "given twice"},
      {{"job", "show", "77"}, 1, "there is no job 77"},
      {{"events", "tail", "--last", "many"}, 1, "a whole number"},
  };
  for (const FailingCase& failing : cases) {
    const Ran ran = run(failing.arguments);
    EXPECT_EQ(ran.exit, failing.exit) << failing.says;
    EXPECT_THAT(ran.err, HasSubstr(failing.says));
    EXPECT_EQ(ran.out, "") << failing.says;
  }
  EXPECT_THAT(api_.fake.calls(), IsEmpty());
}

TEST_F(CliTest, ErrorsAreJsonWhenAsked) {
  const Ran ran = run({"pause", "--stream", "nosuch", "--json"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.err, "{\"error\":{\"message\":\"there is no stream \\\"nosuch\\\"\"}}\n");
}

TEST_F(CliTest, MemoryThatTheSystemDoesNotTellIsUnknown) {
  api_.fake.memory_is_unknown = true;
  EXPECT_THAT(run({"status"}).out, HasSubstr("memory unknown "));
  EXPECT_THAT(run({"status", "--json"}).out, Not(HasSubstr("memory_bytes")));
}

TEST_F(CliTest, RefusedReloadShowsItsProblems) {
  api_.fake.reload_is_refused = true;
  const Ran ran = run({"reload"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.out, "penstock.toml:12:3: unknown key \"conections\" in [[domain]]; did you mean \"connections\"?\n");
  EXPECT_THAT(ran.err, HasSubstr("the old one goes on serving"));
}

TEST_F(CliTest, SocketComesFromTheEnvironmentToo) {
  const Ran ran = run_program(PENSTOCK_PROGRAM, {"version", "--json"}, {"PENSTOCK_SOCKET=" + api_.socket()});
  EXPECT_EQ(ran.out, "{\"version\":\"" PENSTOCK_VERSION "\",\"daemon\":\"0.1.0\"}\n");
}

TEST_F(CliTest, UrlReachesADaemonOverTheNetwork) {
  const std::string url = "http://" + net::format_endpoint(*api_.server().metrics_endpoint());
  EXPECT_THAT(run_program(PENSTOCK_PROGRAM, {"metrics", "--url", url}).out, HasSubstr("penstock_up 1"));
  EXPECT_EQ(run_program(PENSTOCK_PROGRAM, {"status", "--url", "ftp://x"}).exit, 2);
}

TEST_F(CliTest, NobodyListensNamesTheSocketAndTheRemedy) {
  const std::string missing = api_.folder() + "/none.sock";
  const Ran none = run_program(PENSTOCK_PROGRAM, {"status", "--socket", missing});
  EXPECT_EQ(none.exit, 3);
  EXPECT_THAT(none.err, HasSubstr("no daemon listens at " + missing + ": there is no such socket"));
  EXPECT_THAT(none.err, HasSubstr("PENSTOCK_SOCKET"));
  const std::string dead = api_.folder() + "/dead";
  std::ofstream(dead) << "";
  EXPECT_EQ(run_program(PENSTOCK_PROGRAM, {"status", "--socket", dead}).exit, 3);
}

TEST_F(CliTest, TerminalSequencesInRepliesAreMadeHarmless) {
  api_.fake.add_event(
      "{\"seq\":0,\"time\":\"2026-11-24T08:00:00Z\",\"type\":\"bounced\",\"reply\":\"550 \\u001b[2Jgone\"}");
  EXPECT_THAT(run({"events", "tail"}).out, EndsWith("550 ?[2Jgone\n"));
}

TEST_F(CliTest, FollowShowsWhatComesUntilTheDaemonEnds) {
  api_.fake.add_event(R"({"seq":0,"time":"2026-11-24T08:00:00Z","type":"accepted"})");
  Ran ran;
  std::thread follower([&] { ran = run({"events", "tail", "--follow"}); });
  while (api_.fake.event_reads() < 2) std::this_thread::yield();
  api_.fake.add_event(R"({"seq":1,"time":"2026-11-24T08:00:01Z","type":"delivered"})");
  while (api_.fake.events_given() < 2) std::this_thread::yield();
  api_.server().stop();
  follower.join();
  EXPECT_EQ(ran.exit, 3);
  EXPECT_EQ(ran.out, "2026-11-24 08:00:00.000  accepted\n2026-11-24 08:00:01.000  delivered\n");
}

TEST_F(CliTest, TopIsLiveUntilQIsPressedAndLeavesTheScreenAsItWas) {
  const Ran ran =
      run_on_terminal(PENSTOCK_PROGRAM, {"--socket", api_.socket(), "top", "--interval", "10s"}, "q quits", "q");
  EXPECT_EQ(ran.exit, 0);
  EXPECT_TRUE(ran.out.starts_with("\x1b[?1049h\x1b[?25l")) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("v1/provider:gmail"));
  EXPECT_THAT(ran.out, EndsWith("\x1b[?25h\x1b[?1049l"));
}

TEST_F(CliTest, ProgressBarIsShownOnATerminal) {
  const Ran ran =
      run_on_terminal(PENSTOCK_PROGRAM, {"--socket", api_.socket(), "retry", "--domain", "big.example"}, "\n", "");
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("]  25%  10,000 of 40,000 looked at, 2,500 match"));
  EXPECT_THAT(ran.out, EndsWith("retry: 10,000 recipients changed, 10,000 matched\r\n"));
}

// What bash would offer after these words.
std::string completions(const std::string& script, const std::string& words, int index) {
  const std::string program = "source '" + script + "'; COMP_WORDS=(" + words +
                              "); COMP_CWORD=" + std::to_string(index) + "; _penstock; echo \"${COMPREPLY[*]}\"";
  const Ran ran = run_program("bash", {"-c", program});
  EXPECT_EQ(ran.err, "");
  return ran.out;
}

TEST_F(CliTest, CompletionOffersCommandsOptionsAndChoices) {
  const std::string script = api_.folder() + "/completion.bash";
  std::ofstream(script) << run({"completion", "bash"}).out;
  EXPECT_EQ(completions(script, "penstock sta", 1), "status\n");
  EXPECT_EQ(completions(script, "penstock queue ''", 2), "list show age --help\n");
  EXPECT_EQ(completions(script, "penstock --socket /x queue list --by ten", 6), "tenant\n");
  EXPECT_EQ(completions(script, "penstock reroute --to-", 2), "--to-vmta --to-stream\n");
  EXPECT_EQ(completions(script, "penstock completion z", 2), "zsh\n");
}

TEST_F(CliTest, EveryCommandHasHelp) {
  EXPECT_EQ(run({"--help"}).exit, 0);
  EXPECT_EQ(run({"queue", "list", "--help"}).exit, 0);
  EXPECT_THAT(run({"--version"}).out, EndsWith(PENSTOCK_VERSION "\n"));
  EXPECT_EQ(run({}).exit, 2);
}

}  // namespace
}  // namespace penstock::cli
