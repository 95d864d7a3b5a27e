// fb303: what every service of this family answers about itself; the Hive Metastore extends it.

enum fb_status { DEAD = 0, STARTING = 1, ALIVE = 2, STOPPING = 3, STOPPED = 4, WARNING = 5 }

service FacebookService {
  // Who answers, and how it is
  string getName()
  string getVersion()
  fb_status getStatus()
  string getStatusDetails()
  i64 aliveSince()

  // Counters and options by name
  map<string, i64> getCounters()
  i64 getCounter(1: string key)
  map<string, string> getOptions()
  string getOption(1: string key)
  void setOption(1: string key, 2: string value)

  // Profile of so many seconds
  string getCpuProfile(1: i32 profileDurationInSec)

  // Requests that nothing answers
  oneway void reinitialize()
  oneway void shutdown()
}
