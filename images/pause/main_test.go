package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary stand in for the program itself.
func TestMain(m *testing.M) {
	if os.Getenv("PAUSE_TEST_RUN") == "1" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestEndsAtOnceAndCleanlyWhenAsked(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), "PAUSE_TEST_RUN=1")
		output, err := command.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := output.Read(make([]byte, 1)); err != nil { // it speaks once it runs (it is not process 1 here)
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond) // until its handlers stand
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("after %v pause should leave with 0: %v", signal, err)
		}
	}
}

func TestBuriesEveryChildThatEndedAndNoneThatRuns(t *testing.T) {
	const ended = 5
	for range ended {
		startOrphan(t, "true")
	}
	alive := startOrphan(t, "sleep", "60")
	defer alive.Kill()

	buried := 0
	for deadline := time.Now().Add(10 * time.Second); buried < ended && time.Now().Before(deadline); {
		buried += reap()
		time.Sleep(10 * time.Millisecond)
	}
	if buried != ended {
		t.Errorf("reaped %d of %d children", buried, ended)
	}
	if err := alive.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the running child should still be there: %v", err)
	}
}

// startOrphan starts a process that nobody waits for.
func startOrphan(t *testing.T, name string, args ...string) *os.Process {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.StartProcess(path, append([]string{name}, args...), &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	return process
}
