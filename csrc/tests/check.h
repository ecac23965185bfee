// The few words that the native unit tests need: TEST, CHECK, CHECK_EQ, and a main that runs them all.
#pragma once

#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace check {

struct Registry {
  std::vector<std::pair<std::string, std::function<void()>>> tests;
  int failures = 0;
  static Registry& get() {
    static Registry registry;
    return registry;
  }
};

struct Register {
  Register(const char* name, std::function<void()> body) {
    Registry::get().tests.emplace_back(name, std::move(body));
  }
};

inline void fail(const char* file, int line, const std::string& what) {
  std::cerr << file << ":" << line << ": " << what << "\n";
  ++Registry::get().failures;
}

}  // namespace check

#define TEST(name)                                                  \
  static void test_##name();                                        \
  static const check::Register register_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) check::fail(__FILE__, __LINE__, "expected " #condition); \
  } while (false)

#define CHECK_EQ(a, b)                                                            \
  do {                                                                            \
    const auto& left = (a);                                                       \
    const auto& right = (b);                                                      \
    if (!(left == right)) {                                                       \
      std::cerr << #a << " is " << left << ", " << #b << " is " << right << "\n"; \
      check::fail(__FILE__, __LINE__, "expected " #a " == " #b);                  \
    }                                                                             \
  } while (false)

int main() {
  for (auto& [name, body] : check::Registry::get().tests) {
    const int before = check::Registry::get().failures;
    body();
    std::cout << (check::Registry::get().failures == before ? "ok    " : "FAIL  ") << name << "\n";
  }
  return check::Registry::get().failures == 0 ? 0 : 1;
}
