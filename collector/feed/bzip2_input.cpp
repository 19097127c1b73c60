#include "collector/feed/bzip2_input.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include <bzlib.h>

#include "collector/feed/bzip2_blocks.hpp"

namespace isthmus::collector {
namespace {

/// What a block has expanded to: `count` bytes of the buffer, which is used again and again.
struct Output {
  std::vector<std::byte> buffer;
  std::size_t count = 0;
};

/// A block expands to 46 MB at most: 900,000 symbols, of which five may stand for 255 bytes.
constexpr std::size_t kMaxOutput = std::size_t{48} << 20;

/// Gives libbz2 for each block the memory that it had for the one before: fresh pages cost as much
/// as a tenth of the work.
class Bzip2Memory {
 public:
  static void* allocate(void* self, int count, int size) {
    return static_cast<Bzip2Memory*>(self)->take(static_cast<std::size_t>(count) *
                                                 static_cast<std::size_t>(size));
  }
  static void release(void* self, void* memory) { static_cast<Bzip2Memory*>(self)->give(memory); }

 private:
  struct Piece {
    std::unique_ptr<std::max_align_t[]> memory;
    std::size_t size;
    bool is_free;
  };

  void* take(std::size_t size) {
    const auto found = std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& piece) {
      return piece.is_free && piece.size == size;
    });
    if (found != pieces_.end()) {
      found->is_free = false;
      return found->memory.get();
    }
    const std::size_t units = size / sizeof(std::max_align_t) + 1;
    // NOLINTNEXTLINE(modernize-make-unique): that would write zeros into all of it
    std::unique_ptr<std::max_align_t[]> memory{new (std::nothrow) std::max_align_t[units]};
    if (memory == nullptr) {
      return nullptr;
    }
    pieces_.push_back({std::move(memory), size, false});
    return pieces_.back().memory.get();
  }
  void give(void* memory) {
    for (Piece& piece : pieces_) {
      piece.is_free = piece.is_free || piece.memory.get() == memory;
    }
  }

  std::vector<Piece> pieces_;
};

/// False if the bits are no block.
bool decompress(const Bzip2Block& block, Bzip2Memory& memory, Output& output) {
  std::vector<std::uint8_t> stream_bytes = block.as_stream();
  bz_stream stream{};
  stream.bzalloc = &Bzip2Memory::allocate;
  stream.bzfree = &Bzip2Memory::release;
  stream.opaque = &memory;
  if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) {
    return false;
  }
  std::vector<std::byte>& buffer = output.buffer;
  buffer.resize(std::max(buffer.size(), std::size_t{1} << 20));
  output.count = 0;
  stream.next_in = reinterpret_cast<char*>(stream_bytes.data());
  stream.avail_in = static_cast<unsigned>(stream_bytes.size());
  int status = BZ_OK;
  while (status == BZ_OK) {
    if (output.count == buffer.size()) {
      if (output.count >= kMaxOutput) {
        break;
      }
      buffer.resize(buffer.size() * 2);
    }
    const std::size_t room = buffer.size() - output.count;
    stream.next_out = reinterpret_cast<char*>(buffer.data() + output.count);
    stream.avail_out = static_cast<unsigned>(room);
    const unsigned before = stream.avail_in;
    status = BZ2_bzDecompress(&stream);
    output.count += room - stream.avail_out;
    if (status == BZ_OK && before == 0 && stream.avail_out > 0) {
      break;
    }
  }
  BZ2_bzDecompressEnd(&stream);
  return status == BZ_STREAM_END;
}

/// A block on its way through the workers.
struct Job {
  Bzip2Block block;
  Output output;
  bool is_block = false;  ///< whether it could be decompressed
  bool done = false;
};

class Bzip2Input final : public Input {
 public:
  explicit Bzip2Input(RawFile file) : scanner_{std::move(file)}, name_{scanner_.name()} {
    total_ = scanner_.progress().total;
    const unsigned workers = std::clamp(std::thread::hardware_concurrency(), 1U, 16U);
    limit_ = std::size_t{2} * workers + 1;
    threads_.emplace_back([this] { scan(); });
    for (unsigned i = 0; i < workers; ++i) {
      threads_.emplace_back([this] { work(); });
    }
  }
  ~Bzip2Input() override {
    {
      const std::lock_guard lock{mutex_};
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }
  Bzip2Input(const Bzip2Input&) = delete;
  Bzip2Input& operator=(const Bzip2Input&) = delete;
  Bzip2Input(Bzip2Input&&) = delete;
  Bzip2Input& operator=(Bzip2Input&&) = delete;

  Result<Bytes> next() override {
    if (!error_.message.empty()) {
      return unexpected{error_};
    }
    do {
      std::unique_ptr<Job> job = take_finished();
      if (job == nullptr) {
        return end();
      }
      // The magic of a block may lie within another's data: then both parts are one block.
      if (!job->is_block) {
        if (const std::unique_ptr<Job> rest = take_finished()) {
          job->block.append(rest->block.bits.data(), 0, rest->block.bit_count);
          Bzip2Memory memory;
          job->is_block = decompress(job->block, memory, job->output);
        }
      }
      if (!job->is_block) {
        error_.message = name_ + ": the bzip2 block at compressed byte " +
                         std::to_string(job->block.offset) + " is damaged";
        return unexpected{error_};
      }
      give_buffer(std::exchange(current_, std::move(job->output)));
    } while (current_.count == 0);
    return Bytes{current_.buffer}.first(current_.count);
  }

  [[nodiscard]] Progress progress() const override { return {consumed_.load(), total_}; }

 private:
  std::unique_ptr<Job> take_finished() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return jobs_.empty() ? scanned_ : jobs_.front()->done; });
    if (jobs_.empty()) {
      return nullptr;
    }
    std::unique_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    --started_;
    lock.unlock();
    changed_.notify_all();
    return job;
  }

  void give_buffer(Output output) {
    const std::lock_guard lock{mutex_};
    if (spare_.size() < limit_) {
      spare_.push_back(std::move(output));
    }
  }

  Result<Bytes> end() {
    const std::lock_guard lock{mutex_};
    if (scanner_error_.empty()) {
      return Bytes{};
    }
    error_.message = scanner_error_;
    return unexpected{error_};
  }

  void scan() {
    for (;;) {
      std::optional<Bzip2Block> block = scanner_.next();
      consumed_ = scanner_.progress().consumed;
      std::unique_lock lock{mutex_};
      if (!block) {
        scanned_ = true;
        scanner_error_ = scanner_.error();
        break;
      }
      changed_.wait(lock, [this] { return stop_ || jobs_.size() < limit_; });
      if (stop_) {
        break;
      }
      auto job = std::make_unique<Job>();
      job->block = std::move(*block);
      jobs_.push_back(std::move(job));
      lock.unlock();
      changed_.notify_all();
    }
    changed_.notify_all();
  }

  void work() {
    Bzip2Memory memory;
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [this] { return stop_ || scanned_ || started_ < jobs_.size(); });
      if (started_ >= jobs_.size()) {
        if (stop_ || scanned_) {
          return;
        }
        continue;
      }
      if (stop_) {
        return;
      }
      Job* const job = jobs_[started_++].get();
      Output output;
      if (!spare_.empty()) {
        output = std::move(spare_.back());
        spare_.pop_back();
      }
      lock.unlock();
      const bool is_block = decompress(job->block, memory, output);
      lock.lock();
      job->output = std::move(output);
      job->is_block = is_block;
      job->done = true;
      changed_.notify_all();
    }
  }

  Bzip2Scanner scanner_;  ///< used by the scanning thread alone
  std::string name_;
  std::uint64_t total_ = 0;
  std::atomic<std::uint64_t> consumed_ = 0;
  std::size_t limit_ = 0;
  Output current_;
  Error error_;

  std::mutex mutex_;  ///< guards all that follows
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Job>> jobs_;  ///< in the order of the file
  std::size_t started_ = 0;                ///< of them are taken by workers
  std::vector<Output> spare_;              ///< buffers to be used again
  bool scanned_ = false;
  bool stop_ = false;
  std::string scanner_error_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Input> open_bzip2(RawFile file) {
  return std::make_unique<Bzip2Input>(std::move(file));
}

}  // namespace isthmus::collector
