#!/usr/bin/env python3
"""Sends one message to a long list with Spark: one notify sends each partition of the list (`RDD.pipe`).

    VAPID_PRIVATE_KEY=... spark_pipe.py people.txt results "message"
    VAPID_PRIVATE_KEY=... spark-submit --master yarn spark_pipe.py s3a://bucket/people s3a://bucket/results "message"

The list and the folder of results may be anywhere that Spark reads and writes; notify has to be in the PATH of every
executor. The results are JSON lines, one for each push. This sends what was not accepted again:

    cat results/part-* > results.jsonl
    notify --subscriptions people.txt --resume results.jsonl --json "message" >> results.jsonl
"""

import argparse
import os
import shlex
import sys

from pyspark import SparkConf, SparkContext

# The variables that notify gets. The key travels with the tasks, not in Spark's settings, which Spark's web page shows.
ENVIRONMENT = ["PATH", "VAPID_PRIVATE_KEY", "VAPID_SUBJECT", "SSL_CERT_FILE", "SSL_CERT_DIR"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", help="subscriptions, one a line")
    parser.add_argument("results", help="folder to write; it must not exist yet")
    parser.add_argument("message")
    parser.add_argument("--partitions", type=int, help="the least number of pieces")
    arguments = parser.parse_args()
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    if not environment.get("VAPID_PRIVATE_KEY"):
        parser.error("VAPID_PRIVATE_KEY is not set")

    # A partition that runs twice is shown twice: no second try, and no speculative copy.
    conf = SparkConf().setAppName("notify").set("spark.task.maxFailures", "1").set("spark.speculation", "false")
    spark = SparkContext(conf=conf)
    subscriptions = spark.textFile(arguments.list, arguments.partitions).filter(str.strip)
    notify = ["notify", "--subscriptions", "-", "--json", "--quiet", "--jobs", "64", "--", arguments.message]
    # An exit code other than 0 means that a push was not accepted. The results say so too, and the job goes on.
    subscriptions.pipe(shlex.join(notify), environment).saveAsTextFile(arguments.results)

    # Counted from what was written: counting the pipe would send everything again.
    pushed, listed = spark.textFile(arguments.results).count(), subscriptions.count()
    spark.stop()
    print(f"{pushed} results for {listed} lines in {arguments.results}")
    if pushed < listed:
        sys.exit("spark_pipe: error: some lines have no result: see what notify said in the executors' logs")


main()
