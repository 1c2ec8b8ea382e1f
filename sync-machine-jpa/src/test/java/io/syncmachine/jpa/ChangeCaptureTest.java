package io.syncmachine.jpa;
