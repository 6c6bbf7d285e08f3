#!/usr/bin/env python3
"""One message to a long list, by Spark: each partition of the list goes through one notify (`RDD.pipe`).

    VAPID_PRIVATE_KEY=... spark_pipe.py people.txt results "message"
    VAPID_PRIVATE_KEY=... spark-submit --master yarn spark_pipe.py s3a://bucket/people s3a://bucket/results "message"

The list and the folder of results may be anywhere that Spark reads and writes; notify has to be in the PATH of every
executor. The results are JSON lines, one a push. What was not accepted is sent again by

    cat results/part-* > results.jsonl
    notify --subscriptions people.txt --resume results.jsonl --json "message" >> results.jsonl
"""

import argparse
import os
import shlex
import sys

from pyspark import SparkConf, SparkContext

# What notify may find in its environment; the key goes with the tasks, not into Spark's settings, which its page shows.
ENVIRONMENT = ["PATH", "VAPID_PRIVATE_KEY", "VAPID_SUBJECT", "SSL_CERT_FILE", "SSL_CERT_DIR"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", help="subscriptions, one a line")
    parser.add_argument("results", help="folder to write, not yet there")
    parser.add_argument("message")
    parser.add_argument("--partitions", type=int, help="pieces of the list, at least")
    arguments = parser.parse_args()
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    if not environment.get("VAPID_PRIVATE_KEY"):
        parser.error("VAPID_PRIVATE_KEY is not set")

    # A partition that ran twice would be shown twice: no second try, no race of two.
    conf = SparkConf().setAppName("notify").set("spark.task.maxFailures", "1").set("spark.speculation", "false")
    spark = SparkContext(conf=conf)
    subscriptions = spark.textFile(arguments.list, arguments.partitions).filter(str.strip)
    notify = ["notify", "--subscriptions", "-", "--json", "--quiet", "--jobs", "64", "--", arguments.message]
    # notify's exit code says that one push was not accepted; that is in the results and fails nothing.
    subscriptions.pipe(shlex.join(notify), environment).saveAsTextFile(arguments.results)

    # Counted from what was written: counting the pipe would send everything again.
    pushed, listed = spark.textFile(arguments.results).count(), subscriptions.count()
    spark.stop()
    print(f"{pushed} results for {listed} lines in {arguments.results}")
    if pushed < listed:
        sys.exit("spark_pipe: error: some lines have no result: see what notify said in the executors' logs")


main()
