#include "slip/pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace slip {
namespace {

// One call of parallel_for. It lives on its caller's stack: the caller returns only when no worker holds it
// any more.
struct Task {
  const std::function<void(int)>* body;
  int count;
  std::atomic<int> next{0};
  int open;         // workers that may still join; guarded by the pool's mutex, as is `running`
  int running = 0;  // workers inside
  std::condition_variable left;

  void work() {
    for (int i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) (*body)(i);
  }
};

class Pool {
 public:
  // The process's pool. It is never destroyed: workers may outlive every static object.
  static Pool& get();

  void run(Task& task) {
    int helpers;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      grow(task.open);
      task.open = helpers = std::min(task.open, threads_);
      if (helpers > 0) tasks_.push_back(&task);
    }
    for (int i = 0; i < helpers; ++i) work_to_do_.notify_one();
    task.work();
    std::unique_lock<std::mutex> lock(mutex_);
    if (task.open > 0) tasks_.erase(std::find(tasks_.begin(), tasks_.end(), &task));
    task.left.wait(lock, [&] { return task.running == 0; });
  }

 private:
  // Where the system refuses more threads, the work is done by those there are.
  void grow(int threads) {
    sigset_t all, before;
    sigfillset(&all);
    for (; threads_ < threads; ++threads_) {
      pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's own threads
      bool started = true;
      try {
        std::thread([this] { serve(); }).detach();
      } catch (const std::exception&) {
        started = false;
      }
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      if (!started) return;
    }
  }

  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      work_to_do_.wait(lock, [&] { return !tasks_.empty(); });
      Task& task = *tasks_.front();
      ++task.running;
      if (--task.open == 0) tasks_.pop_front();
      lock.unlock();
      task.work();
      lock.lock();
      if (--task.running == 0) task.left.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_to_do_;
  std::deque<Task*> tasks_;
  int threads_ = 0;
};

std::atomic<Pool*> the_pool{nullptr};

Pool& Pool::get() {
  Pool* pool = the_pool.load(std::memory_order_acquire);
  if (pool != nullptr) return *pool;
  // No lock, which a fork could leave taken for ever: who comes second drops what it made.
  Pool* made = new Pool;
  if (the_pool.compare_exchange_strong(pool, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *pool;
}

// The workers do not exist in a forked child, and the mutex may be held by one of them: leave the old pool
// behind.
const int registered = pthread_atfork(nullptr, nullptr, [] { the_pool.store(nullptr); });

}  // namespace

void parallel_for(int count, int num_threads, const std::function<void(int)>& body) {
  const int threads = std::min(num_threads > 0 ? num_threads : default_num_threads(), count);
  Task task;
  task.body = &body;
  task.count = count;
  task.open = threads - 1;
  if (threads <= 1) return task.work();
  Pool::get().run(task);
}

}  // namespace slip
