// pause holds a pod's namespaces open. It is the first process of every pod:
// it does nothing, ends at once when asked to, and, where the containers of a
// pod share one process namespace, buries the children that others left behind.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

var version = "development"

func main() {
	if len(os.Args) > 1 {
		if os.Args[1] == "--version" {
			fmt.Println("pause", version)
			return
		}
		fmt.Fprintln(os.Stderr, "pause takes no arguments but --version")
		os.Exit(2)
	}
	debug.SetGCPercent(-1) // nothing is allocated below, so the collector's threads are not needed
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "pause: not the first process of a pod; orphans will not be reaped")
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT)
	reap()
	for signal := range signals {
		if signal != syscall.SIGCHLD {
			return
		}
		reap()
	}
}

// reap collects every child that has ended, and says how many. Signals of the
// same kind merge while one waits, so one SIGCHLD can stand for many children.
func reap() int {
	for count := 0; ; {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil || pid <= 0:
			return count
		default:
			count++
		}
	}
}
