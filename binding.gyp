{
  "targets": [
    {
      "target_name": "qrag",
      "type": "none",
      "actions": [
        {
          "action_name": "hand over to cmake",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["build/Release/qrag.node"],
          "action": ["npm", "run", "build:native"]
        }
      ]
    }
  ]
}
