-- wrk script: every request puts a new blob of 100 bytes. Arguments: container path, SAS.
local counter = 0
local thread = 0
local body = string.rep("m", 100)

function setup(t)
  t:set("id", thread)
  thread = thread + 1
end

function init(args)
  path, sas = args[1], args[2]
end

function request()
  counter = counter + 1
  return wrk.format("PUT", string.format("%s/t%d/%09d?%s", path, id, counter, sas),
                    {["x-ms-blob-type"] = "BlockBlob", ["Content-Length"] = "100"}, body)
end
